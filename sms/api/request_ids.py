"""The request id: the same in a call's response, its log lines and its message."""

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
    """`given`: the client sent the id, so an equal call is a repeat."""

    value: str
    given: bool

    def __str__(self) -> str:
        return self.value


def request_id_of(meta: Mapping[str, Any]) -> RequestId:
    """The client's id, or a generated one.

    An empty header is stored like other unusual ids, but it identifies no call, so such calls are never repeats.
    """
    header = meta.get("HTTP_X_AKINON_REQUEST_ID")
    if header is None:
        return RequestId(uuid.uuid4().hex, given=False)
    return RequestId(storable(header), given=bool(header))


def storable(header: str) -> str:
    """The id itself if it has 1 to 128 visible ASCII characters, else a digest of its bytes.

    WSGI decodes headers as Latin-1 (PEP 3333).
    """
    if _PLAIN.fullmatch(header):
        return header
    return "sha256:" + hashlib.sha256(header.encode("latin-1", "backslashreplace")).hexdigest()
