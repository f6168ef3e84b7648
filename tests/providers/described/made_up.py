"""Made-up descriptions, answers and callbacks: the valid ones of this folder, changed at random."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import quote

from providers.base import Callback, Encoding, HttpResponse, OutboundSms

from .descriptions import NAMES, text

ODD: list[Any] = [
    *("", " ", "x", "*", "*.*", "0", "{", "{}", "{to}", "{text}", "{reference}", "{words.slash}", "{credential.token}"),
    *(
        "{a.b[0]}",
        "{0}",
        "{to!r:>99}",
        "a.b.c",
        "a." * 9 + "b",
        "\u202e\x07ə😀",
        "a" * 3000,
        "(a+)+$",
        "../..",
        "\r\nX: y",
    ),
    *("GET", "form", "json", "xml", "text", "status", "fields", "query", "config", "ambiguous", "repeated", "sorted"),
    *(
        0,
        -1,
        1,
        7,
        200,
        2**70,
        1.5,
        float("nan"),
        float("inf"),
        True,
        False,
        [],
        [[]],
        {},
        {"path": "0", "exists": True},
    ),
    *({"name": "a.0", "value": "{text}"}, {"status": ["2xx"]}, {"code": "*", "class": "transient", "text": "x"}),
]
DOCUMENTS = [tomllib.loads(text(name)) for name in NAMES]


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*above, key)
        yield from _places(inner, (*above, key))


def _at(document: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        document = document[key]
    return document


PLACES = [list(_places(each)) for each in DOCUMENTS]


def _by_key(documents: Sequence[int]) -> dict[Any, list[Any]]:
    """What these descriptions hold under each key: such a value is often valid elsewhere, too."""
    found: dict[Any, list[Any]] = {}
    for number in documents:
        for place in PLACES[number]:
            found.setdefault(place[-1], []).append(_at(DOCUMENTS[number], place))
    return found


LEAVES = [
    [place for place in places if not isinstance(_at(document, place), dict | list)]
    for document, places in zip(DOCUMENTS, PLACES, strict=True)
]
OWN = [_by_key([number]) for number in range(len(DOCUMENTS))]
ALL = _by_key(range(len(DOCUMENTS)))


def description(random: Random) -> str:
    number = random.randrange(len(DOCUMENTS))
    document = deepcopy(DOCUMENTS[number])
    for _ in range(random.choice((1, 1, 1, 1, 2, 3))):
        _change(random, document, random.choice(random.choice((PLACES, LEAVES, LEAVES))[number]), OWN[number])
    written = "\n".join(f"{json.dumps(key)} = {toml(value)}" for key, value in document.items())
    return _cut(random, written) if random.random() < 0.1 else written


def _change(random: Random, document: Any, place: tuple[Any, ...], own: dict[Any, list[Any]]) -> None:
    try:
        holder = _at(document, place[:-1])
        key = place[-1]
        act = random.choice(("delete", "odd", "add", "twice", "like", *["own"] * 6))
        if act == "delete":
            del holder[key]
        elif act == "add" and isinstance(holder, dict):
            other = random.choice(list(ALL))
            holder[str(other)] = deepcopy(random.choice(ALL[other]))
        elif act == "twice" and isinstance(holder, list):
            holder.append(deepcopy(holder[key]))
        else:
            holder[key] = deepcopy(random.choice(ODD if act == "odd" else (own if act == "own" else ALL)[key]))
    except (KeyError, IndexError, TypeError):
        return  # an earlier change took the place away


def _cut(random: Random, written: str) -> str:
    start = random.randrange(len(written))
    return (
        written[:start]
        + random.choice(("", '"', "\x00", "[[", "]", "\ud800", "\n"))
        + written[start + random.randrange(9) :]
    )


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("NaN", "nan").replace("Infinity", "inf")


TEXTS = [
    "Your code is 004217.",
    "a&b=c+d%20 e",
    "]]><x>'\"",
    "😀\tə\r\n",
    "\ud800",
    "\x00\x07",
    "",
    "=",
    "{to}{credential.token}",
]


def message(random: Random) -> OutboundSms:
    return OutboundSms(
        reference="0197-attempt",
        to=random.choice(["+994501234567", "+994501234567", "+40721234567", "0501234567", ""]),
        text=random.choice(TEXTS),
        sender=random.choice(["BRAND", "BRAND", "", "+4471234567", "Ünal", "a\r\nb"]),
        vendor_template=random.choice(["1432", "1432", None, "x y"]),
        parameters=tuple((random.choice("abc"), random.choice(TEXTS)) for _ in range(random.randrange(4))),
        callback_url=random.choice([None, "https://desk.example/webhooks/x/k3y"]),
        is_otp=random.random() < 0.5,
        encoding=random.choice(list(Encoding)),
        parts=random.randrange(1, 4),
        valid_for=random.choice([1, 59, 86_400]),
    )


STATUSES = [100, 200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 408, 409, 418, 429, 500, 502, 503, 599]
BODIES = [
    *(
        "",
        "{}",
        "[]",
        "null",
        "OK",
        "OK 1",
        "ERR 2004",
        "ERR 9",
        "<a/>",
        "<a b='1'>x<c/></a>",
        "true",
        '"x"',
        "[" * 9000,
    ),
    *('{"type": "ok"}', '{"type": "error"}', '{"success": true, "code": "100"}', '{"success": false, "code": 199}'),
    *('{"data": {"id": "m-1"}}', '{"errors": [{"code": "10009"}]}', '{"data": {"id": 1}, "data": {"id": 2}}'),
    *("1e999", "[" * 9000),
    *('{"code": 1' + "0" * 5000 + "}", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a>" * 3000, "a=1&a=2", "\ufeff{}"),
]


def answer(random: Random, echoed: str, likely: Sequence[str] = ()) -> HttpResponse:
    """`echoed`: what a vendor may quote, such as the call or a secret; `likely`: bodies that the description knows."""
    body = random.choice(random.choice((BODIES, likely or BODIES)))
    if random.random() < 0.3:
        quoted = random.choice((str, quote, json.dumps))(echoed)
        body = random.choice((f"OK {quoted}", f"ERR {quoted} x", quoted, _quoting(random, echoed), f"<a>{quoted}</a>"))
    data = body.encode("utf-8", "surrogatepass")
    if random.random() < 0.1:
        data = data[: random.randrange(len(data) + 1)] + random.choice((b"\xff\xfe", b"", b"\x00"))
    return HttpResponse(random.choice(STATUSES), {"retry-after": random.choice(["", "3", "x"])}, data)


def _quoting(random: Random, echoed: str) -> str:
    """JSON that has what is echoed in the places in which descriptions look."""
    inner = {"id": echoed, "code": echoed, "title": echoed, "status": random.choice([echoed, "delivered", "1"])}
    everything = {"success": random.choice([True, False]), "type": random.choice(["ok", "error"]), "message": echoed}
    event = {"event_type": "message.sent", "payload": inner | {"to": [inner], "errors": [inner]}}
    return json.dumps(everything | inner | {"errorMessage": echoed, "errors": [inner], "data": inner | event})


def callback(random: Random, echoed: str) -> Callback:
    data = answer(random, echoed).body
    form = f"id={quote(echoed)}&status={random.choice(['1', '2', 'sent', 'error', 'x'])}&errorMessage={quote(echoed)}"
    return Callback(
        random.choice(("GET", "POST")),
        datetime(2026, 11, 28, tzinfo=UTC),
        random.choice((b"", form.encode(), b"id=1&id=2", b"\xff=%ff")),
        random.choice(({}, {"content-type": "application/x-www-form-urlencoded"}, {"telnyx-timestamp": "1700000000"})),
        random.choice((data, form.encode())),
    )
