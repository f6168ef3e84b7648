"""What every page of the staff's desk carries: a content policy, and nothing hidden in its text."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from sms.domain.text import visible

DESK = "/admin/"

# The theme evaluates its attributes (Alpine) and sets inline styles; scripts still come from our own files alone.
DESK_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def _hidden_characters() -> re.Pattern[str]:
    """Every character that `visible` replaces; a page is UTF-8, which holds no surrogates.

    Beyond the first two planes only the tag characters are hidden ones.
    """
    codes = [*range(0xD800), *range(0xE000, 0x20000), *range(0xE0000, 0xE1000)]
    return re.compile("[" + "".join(re.escape(chr(code)) for code in codes if visible(chr(code)) != chr(code)) + "]")


HIDDEN = _hidden_characters()


class DeskHeaders:
    r"""Content policy and visible characters for the desk.

    Texts of callers and vendors reach dozens of places there: lists, forms, messages, titles. Escaping them in this one
    place leaves none out: a bidi control of any origin shows as `\u202e`, in a form field too.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path.startswith(DESK):
            return response
        response.headers.setdefault("Content-Security-Policy", DESK_POLICY)
        if not response.streaming and response.headers.get("Content-Type", "").startswith("text/html"):
            _show_hidden(response)
        return response


def _show_hidden(response: HttpResponse) -> None:
    page = response.content.decode(response.charset)
    shown = HIDDEN.sub(lambda found: visible(found[0]), page)
    if shown != page:
        response.content = shown.encode(response.charset)
        if "Content-Length" in response.headers:
            response.headers["Content-Length"] = str(len(response.content))
