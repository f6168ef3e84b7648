"""Reads the body of a request, chunked or not, of at most 64 KiB."""

from __future__ import annotations

from typing import Any

from django.core.handlers.wsgi import WSGIRequest

from sms.domain.codes import refuse
from sms.domain.text import visible
from sms.services.intake.client_ip import client_ip

MAX_BYTES = 64 * 1024


def raw_call(request: WSGIRequest) -> dict[str, Any]:
    """What is stored of a call before it is parsed. Raises Refusal as `read_body`."""
    source = client_ip(request.META)
    return {
        "method": request.method,
        "query": request.META.get("QUERY_STRING", "").encode("latin-1", "replace"),
        "content_type": visible(request.META.get("CONTENT_TYPE", "")),
        "content_encoding": visible(request.META.get("HTTP_CONTENT_ENCODING", "")),
        "body": read_body(request),
        "source": source and str(source),
    }


def read_body(request: WSGIRequest) -> bytes:
    """The whole body. Raises Refusal: payload_too_large, request_timeout, bad_request."""
    size = _size(request)
    if size > MAX_BYTES:
        raise refuse("payload_too_large")
    try:
        body = request.environ["wsgi.input"].read(size if size >= 0 else MAX_BYTES + 1)
    except TimeoutError as error:
        raise refuse("request_timeout") from error
    except Exception as error:  # the server's own classes for malformed chunks
        raise refuse("bad_request", message="The body broke off or its chunks can't be read.") from error
    if len(body) > MAX_BYTES:
        raise refuse("payload_too_large")
    return body


def _size(request: WSGIRequest) -> int:
    """Content-Length, 0 without one; -1 for a chunked body, whose length is not known before its end."""
    if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        return -1
    try:
        size = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError as error:
        raise refuse("bad_request", message="Content-Length is not a number.") from error
    if size < 0:
        raise refuse("bad_request", message="Content-Length is negative.")
    return size
