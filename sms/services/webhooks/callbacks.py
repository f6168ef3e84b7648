"""A vendor's call as its adapter is given it. The headers that the vendor signs are kept as text, one a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from providers.base import Callback

LONGEST_HEADER = 2000
"""In characters; a longer header is left out, as if it had not come."""


def header_text(names: Sequence[str], meta: Mapping[str, str]) -> str:
    """Those of the named headers that a request has. `meta` is the request's, in WSGI's spelling."""
    found = ((name.lower(), meta.get(f"HTTP_{name.upper().replace('-', '_')}", "")) for name in names)
    return "\n".join(f"{name}: {value}" for name, value in found if value and len(value) <= LONGEST_HEADER)


def callback_of(
    *,
    method: str,
    query: bytes,
    content_type: str,
    content_encoding: str,
    headers: str,
    body: bytes,
    source: str | None,
    received_at: datetime,
    url: str = "",
) -> Callback:
    """`headers` is a `header_text`."""
    found = {"content-type": content_type, "content-encoding": content_encoding}
    found |= {name: value for name, _, value in (line.partition(": ") for line in headers.split("\n"))}
    kept = {name: value for name, value in found.items() if value}
    return Callback(method, received_at, query, kept, body, source or "", url)
