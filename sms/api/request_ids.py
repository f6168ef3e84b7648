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
    """`given`: the caller named its call, so an equal one is a repeat."""

    value: str
    given: bool

    def __str__(self) -> str:
        return self.value


def of(meta: Mapping[str, Any]) -> RequestId:
    """The caller's id, or one of ours.

    An empty header is an id of no characters, kept as such ids are; but it names no call, so its calls are no repeats.
    """
    header = meta.get("HTTP_X_AKINON_REQUEST_ID")
    return RequestId(uuid.uuid4().hex, given=False) if header is None else RequestId(kept(header), given=bool(header))


def kept(header: str) -> str:
    """The id as it is kept: itself if it is 1 to 128 visible ASCII characters, else a digest of its bytes.

    WSGI hands headers over as Latin-1 (PEP 3333).
    """
    if _PLAIN.fullmatch(header):
        return header
    return "sha256:" + hashlib.sha256(header.encode("latin-1", "backslashreplace")).hexdigest()
