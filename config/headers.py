"""Adds a content security policy to the admin's pages, and shows hidden characters in them as escapes."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from sms.domain.text import visible

ADMIN = "/admin/"

# The theme evaluates attributes (Alpine) and sets inline styles. Scripts are loaded only from this host.
ADMIN_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

PLAIN = bytes([*b"\t\n", *range(ord(" "), ord("~") + 1)])
"""The printable ASCII bytes, most of a page."""


class AdminHeaders:
    r"""Sets the content policy of the admin's pages and escapes hidden characters.

    Texts of clients and vendors appear in lists, forms, messages and titles. Escaping the response covers all of them:
    a bidi control of any origin shows as `\u202e`, also in form fields.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path.startswith(ADMIN):
            return response
        response.headers.setdefault("Content-Security-Policy", ADMIN_POLICY)
        if not response.streaming and response.headers.get("Content-Type", "").startswith("text/html"):
            _show_hidden(response)
        return response


def _show_hidden(response: HttpResponse) -> None:
    # HTML takes CR LF as a line end, and a submitted text that is shown again has it.
    content = response.content.replace(b"\r\n", b"\n")
    # Of the 100,000 characters of a page, a few hundred are not plain ASCII, and few of these need an escape.
    unusual = set(content.translate(None, PLAIN).decode())
    hidden = {ord(character): shown for character in unusual if (shown := visible(character)) != character}
    if hidden:
        content = content.decode().translate(hidden).encode()
    if content != response.content:
        response.content = content
        if "Content-Length" in response.headers:
            response.headers["Content-Length"] = str(len(content))
