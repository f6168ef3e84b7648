"""A vendor's undecoded call to us, and our response to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Callback:
    """A call before anything is decoded. Header names are lower case."""

    method: str
    received_at: datetime
    query: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The content type and coding, and those that the adapter names in `signed_headers`."""
    body: bytes = b""
    source: str = ""
    url: str = ""
    """Our URL as given to the vendor, without a query. Not stored, because it contains a secret."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The response that the vendor expects."""

    status: int = 200
    content_type: str = ""
    body: bytes = b""
