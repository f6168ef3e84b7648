"""The faults that replace the vendor's response by another one."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from email.utils import formatdate
from functools import cache
from time import time
from typing import Any

from .wire import Answer, json_answer, text_answer

LOGIN_PAGE = "<!DOCTYPE html>\n<html><head><title>Log in</title></head><body><h1>Log in</h1></body></html>\n"
BOMB_SIZE = 32 * 1024 * 1024  # unpacked, in bytes; about 32 KiB on the wire
OVERSIZE = 1024 * 1024  # bytes
HOLD_SECONDS = 2  # the honest Retry-After of a 429

Options = dict[str, Any]


def given(options: Options, genuine: Answer) -> Answer:
    """Exactly what the script says."""
    body = json.dumps(options["json"]) if "json" in options else options.get("body", "")
    content_type = options.get("content_type", "application/json")
    headers = tuple((name, str(value)) for name, value in options.get("headers", {}).items())
    return Answer(options.get("status", 200), body.encode(), content_type, headers)


def html(options: Options, genuine: Answer) -> Answer:
    return Answer(options.get("status", 200), LOGIN_PAGE.encode(), "text/html; charset=utf-8")


def redirect(options: Options, genuine: Answer) -> Answer:
    location = options.get("location", "/login")
    return Answer(options.get("status", 302), LOGIN_PAGE.encode(), "text/html", (("Location", location),))


def status(options: Options, genuine: Answer) -> Answer:
    return text_answer("Something went wrong.", options.get("status", 500))


def too_many(options: Options, genuine: Answer) -> Answer:
    """429. `retry_after`: seconds, date, garbage, huge, none, or the header's literal value."""
    wanted = str(options.get("retry_after", "seconds"))
    kinds = {
        "seconds": str(HOLD_SECONDS),
        "date": formatdate(time() + HOLD_SECONDS, usegmt=True),
        "garbage": "soon, I promise",
        "huge": "9" * 30,
    }
    headers = () if wanted == "none" else (("Retry-After", kinds.get(wanted, wanted)),)
    return Answer(429, b'{"message": "Too Many Attempts."}', headers=headers)


def invalid_json(options: Options, genuine: Answer) -> Answer:
    """The vendor's own answer, cut before its last brace, with the length of what is there."""
    return Answer(options.get("status", genuine.status), genuine.body.rstrip()[:-1], genuine.content_type)


def oversize(options: Options, genuine: Answer) -> Answer:
    """The vendor's own answer, with more behind it than anybody should read."""
    padding = b" " * options.get("size", OVERSIZE)
    return Answer(genuine.status, genuine.body + padding, genuine.content_type)


def gzip_bomb(options: Options, genuine: Answer) -> Answer:
    return Answer(200, bomb(), "application/json", (("Content-Encoding", "gzip"),))


@cache
def bomb() -> bytes:
    return gzip.compress(b" " * BOMB_SIZE, mtime=0)


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "raw_deflate": raw_deflate,
    "half_gzip": lambda body: gzip.compress(body)[:-9],
}
HEADER_OF = {"gzip": "gzip", "deflate": "deflate", "raw_deflate": "deflate", "half_gzip": "gzip"}
NOTE = "Gönderildi: əşğı"


def encoded(options: Options, genuine: Answer) -> Answer:
    """The vendor's own answer as some servers and proxies write it: in a `charset`, a `coding`, after an `interim`.

    With `declared` false no header says which charset or coding it is.
    """
    body, content_type, headers = genuine.body, genuine.content_type, genuine.headers
    declared = options.get("declared", True)
    if charset := options.get("charset"):
        with_note = body.decode().replace("{", f'{{"note": "{NOTE}", ', 1)
        body = with_note.encode(charset, "replace")
        content_type = f'{content_type.partition(";")[0]}; charset="{charset}"' if declared else content_type
    if coding := options.get("coding"):
        body = CODINGS[coding](body)
        headers = (*headers, ("Content-Encoding", HEADER_OF[coding])) if declared else headers
    return Answer(genuine.status, body, content_type, headers, options.get("interim", 0))


ANSWERS: dict[str, Callable[[Options, Answer], Answer]] = {
    "answer": given,
    "html": html,
    "redirect": redirect,
    "status": status,
    "too_many": too_many,
    "invalid_json": invalid_json,
    "oversize": oversize,
    "gzip_bomb": gzip_bomb,
    "encoded": encoded,
}


def words(word: str, form: str, http_status: int) -> Answer:
    """A word in an answer: as a JSON string value, nested in JSON, or as the whole text."""
    shapes = {"json": {"error": word}, "nested": {"response": {"errors": [{"code": word}]}}}
    return json_answer(shapes[form], http_status) if form in shapes else text_answer(word, http_status)
