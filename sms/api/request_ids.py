"""The id that ties a call's answer, its log lines and its message together."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

HEADER = "x-akinon-request-id"
_PLAIN = re.compile(r"[!-~]{1,128}")


@dataclass(frozen=True, slots=True)
class RequestId:
    """`given`: the caller sent one, so an equal call is a repeat."""

    value: str
    given: bool


def of(meta: Mapping[str, Any]) -> RequestId:
    """The caller's id, or one of ours. An empty header counts as none: its calls must not all be repeats."""
    header = meta.get("HTTP_X_AKINON_REQUEST_ID", "")
    return RequestId(kept(header), given=True) if header else RequestId(uuid.uuid4().hex, given=False)


def kept(header: str) -> str:
    """The id as it is kept: itself if it is 1 to 128 visible ASCII characters, else a digest of its bytes.

    WSGI hands headers over as Latin-1 (PEP 3333).
    """
    if _PLAIN.fullmatch(header):
        return header
    return "sha256:" + hashlib.sha256(header.encode("latin-1", "backslashreplace")).hexdigest()
