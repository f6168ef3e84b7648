"""The kinds of placeholders: what a value of each kind looks like.

A kind is judged by the value alone, never by the text around it. Digits are not checked for their meaning: 99.99.9999
is a date, so that a text whose digits are masked keeps its kinds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from providers.marking import N_
from sms.domain.host_names import bare_hosts, bare_hosts_of_parts

# Unicode's mandatory line breaks (UAX 14: BK, CR, LF, NL): no value holds one. Only LF, U+2028 and U+2029 can be part
# of an accepted text.
LINE_BREAKS = "\n\v\f\r\x85\u2028\u2029"
LINE_BREAK = re.compile(f"[{LINE_BREAKS}]")

# How a link begins, with the one character that must follow, or the slash. A host name has 253 characters at most.
LINK_START = re.compile(
    r"(?ai:https?://|www\.)\S|(?=[A-Za-z0-9.-]{4,253}/)(?:[A-Za-z0-9-]++\.)+?[a-z]{2,6}/",
)
NOT_WHITE = re.compile(r"\S+")

# The shortest part of a text that makes a link of it, wherever the link begins.
LINK_INSIDE = re.compile(r"(?ai:https?://|www\.)\S|[A-Za-z0-9-]\.[a-z]{2,6}/")
# What a phone number in running text looks like: + and seven digits; 0 and nine more; 8 and ten more (Russia).
# No full stop as a separator, or a date and a time behind it ("10.11.2026 14.30") would be a number.
PHONE_INSIDE = re.compile(
    r"\+[0-9](?:[ \u00a0()-]{0,2}[0-9]){6}"
    r"|0(?:[ \u00a0()-]{0,2}[0-9]){9}"
    r"|8[ \u00a0()-]{0,2}[3489](?:[ \u00a0()-]{0,2}[0-9]){9}"
)
# Six to eight digits without a blank are a code, whatever stands behind them: no first group of a number has so many.
_CODE_INSIDE = re.compile(r"[0-9]{6,8}(?![0-9])")


class PlaceholderKind(StrEnum):
    """What values a placeholder matches. Every kind matches one character or more, and no line break."""

    ANY = "any"
    DIGITS = "digits"
    """The ASCII digits 0 to 9 alone."""
    CODE = "code"
    """ASCII digits, or ASCII letters and digits; one digit at least."""
    NUMBER = "number"
    """A whole or decimal number, its thousands grouped or not."""
    AMOUNT = "amount"
    """A number, with a currency before or behind it or without."""
    DATE = "date"
    TIME = "time"
    NAME = "name"
    """No digit, no link, no white space at its ends. A host name without scheme and path is a link too."""
    PHONE = "phone"
    EMAIL = "email"
    LINK = "link"
    """No white space; starts with http://, https:// or www. in any letter case, or with a host name and a slash."""
    TEXT = "text"
    """No link, no phone number. A host name without scheme and path is a link too."""


ANY, DIGITS, CODE, NUMBER = PlaceholderKind.ANY, PlaceholderKind.DIGITS, PlaceholderKind.CODE, PlaceholderKind.NUMBER
AMOUNT, DATE, TIME, NAME = PlaceholderKind.AMOUNT, PlaceholderKind.DATE, PlaceholderKind.TIME, PlaceholderKind.NAME
PHONE, EMAIL, LINK, TEXT = PlaceholderKind.PHONE, PlaceholderKind.EMAIL, PlaceholderKind.LINK, PlaceholderKind.TEXT

_NUMBER = (
    r"[+\-−]?(?:[0-9]{1,3}(?:[ \u00a0\u2009\u202f][0-9]{3})+(?:[.,][0-9]+)?"
    r"|[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?|[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?"
    r"|[0-9]{1,3}(?:['’][0-9]{3})+(?:[.,][0-9]+)?|[0-9]+(?:[.,][0-9]+)?)"
)
_CURRENCY = (
    r"(?i:[₼₺₽₫đ€$£]|azn|man\.|manat|qəpik|try|tl|lira|kuruş|ron|lei|leu|bani|vnd|vnđ|đồng|rub|руб\.?|р\.|"
    r"рубл(?:ь|я|ей)|коп\.|usd|eur|euro|gbp)"
)
_BLANK = r"[ \u00a0\u202f]?"
_AZ = "yanvar fevral mart aprel may iyun iyul avqust sentyabr oktyabr noyabr dekabr"
_TR = "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık"
_RO = "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie"
_RU = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"
_EN = "january february march april may june july august september october november december"
_SHORT = (
    "jan feb mar apr jun jul aug sep sept oct nov dec янв фев мар апр июн июл авг сен сент окт ноя дек ian iun iul noi"
)
_MONTH = "(?i:(?:{})|(?:{})\\.?)".format(
    "|".join(" ".join((_AZ, _TR, _RO, _RU, _EN)).split()), "|".join(_SHORT.split())
)
_YEAR = r"[0-9]{4}(?:[ \u00a0]?г\.?|-c[ıiuü] il)?"
_SHORT_YEAR = rf"(?:{_YEAR}|[0-9]{{2}})"
_DATE = (
    rf"(?:[Nn]gày )?[0-9]{{1,2}}(?:\.[0-9]{{1,2}}(?:\.{_SHORT_YEAR})?|/[0-9]{{1,2}}(?:/{_SHORT_YEAR})?|"
    rf"-[0-9]{{1,2}}-{_SHORT_YEAR})"
    r"|[0-9]{4}(?:-[0-9]{1,2}-|/[0-9]{1,2}/|\.[0-9]{1,2}\.)[0-9]{1,2}"
    rf"|[0-9]{{1,2}}(?:st|nd|rd|th)? {_MONTH}(?:,? {_YEAR})?"
    rf"|{_MONTH} [0-9]{{1,2}}(?:st|nd|rd|th)?(?:,? {_YEAR})?"
    r"|(?:[Nn]gày )?[0-9]{1,2} tháng [0-9]{1,2}(?:(?: năm|,)? [0-9]{4})?"
)
_TIME = (
    r"[0-9]{1,2}[:.][0-9]{2}(?::[0-9]{2})?(?:[ \u00a0]?[AaPp]\.?[Mm]\.?)?"
    r"|[0-9]{1,2}[hg](?:[0-9]{2})?|[0-9]{1,2} giờ(?: [0-9]{1,2}(?: phút)?)?"
)
_PHONE = r"\+?\(?[0-9](?:[ \u00a0().\-/]{0,2}[0-9]){6,14}|\*?[0-9]{3,6}"
_EMAIL = r"[A-Za-z0-9._%+'-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}"

SHAPES = {
    CODE: r"[A-Za-z]*[0-9][A-Za-z0-9]*",
    NUMBER: _NUMBER,
    AMOUNT: rf"(?:{_CURRENCY}{_BLANK})?{_NUMBER}|{_NUMBER}{_BLANK}{_CURRENCY}",
    DATE: _DATE,
    TIME: _TIME,
    PHONE: _PHONE,
    EMAIL: _EMAIL,
}
"""The patterns of the kinds whose values have a form of their own. Digits are always written [0-9]."""

LONGEST = {CODE: 64, NUMBER: 24, AMOUNT: 32, DATE: 32, TIME: 16, PHONE: 32, EMAIL: 190}
"""The longest value of these kinds."""
SHORTEST = {DATE: 3, TIME: 2, PHONE: 3, EMAIL: 6, LINK: 5}
"""The shortest value, where it has more than one character: 1/2, 9h, 195, a@b.co, www.x and a.az/."""

_SHAPE = {kind: re.compile(pattern) for kind, pattern in SHAPES.items()}
_GROUPED = "[0-9][0-9.,'’ \u00a0\u2009\u202f]{0,30}"
# The characters of a value at most: its possible beginning, then all characters that may follow.
_EXTENTS = {
    CODE: "[A-Za-z0-9]{1,64}",
    NUMBER: rf"[+\-−]?{_GROUPED}",
    AMOUNT: rf"(?:{_CURRENCY}{_BLANK})?[+\-−]?{_GROUPED}[\w.₼₺₽₫€$£]{{0,9}}",
    DATE: rf"(?:[Nn]gày |{_MONTH} )?[0-9][\w ./,\u00a0-]{{0,40}}",
    TIME: r"[0-9][\w:. \u00a0]{1,20}",
    PHONE: r"[+(*]?\(?[0-9][0-9 \u00a0().\-/]{1,40}",
    EMAIL: r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9.-]{4,190}",
}
_EXTENT = {kind: re.compile(pattern) for kind, pattern in _EXTENTS.items()}
_BEGINNING = {kind: re.compile(f"(?={pattern})") for kind, pattern in _EXTENTS.items()}
_BEGINNING[LINK] = re.compile(f"(?={LINK_START.pattern})")

_NOT_FITTING = {
    ANY: LINE_BREAK,
    TEXT: LINE_BREAK,
    DIGITS: re.compile("[^0-9]+"),
    NAME: re.compile(rf"[\d{LINE_BREAKS}]+"),
}
"""Characters that no value of these kinds holds. Every part of their values is a value too, but for a name's ends."""

RUNS = frozenset(_NOT_FITTING)
PREFIX_CLOSED = RUNS - {NAME, TEXT}
"""Kinds that take every beginning of a value, if it is long enough."""

_BAD = {LINK: re.compile(r"\s"), CODE: re.compile("[^A-Za-z0-9]"), EMAIL: re.compile(r"\s")}
_DIGITS = tuple("0123456789")
_SCHEME = re.compile("(?ai:https?://)?")
_HOST = re.compile(r"[\w.-]+")
# What may stand behind a host name: the end, a port, a path. Anything else would make it another host.
_BEHIND_HOST = re.compile(r"(?::[0-9]+)?(?:[/?#]\S*)?")
_PORT, _PATH = re.compile(":[0-9]+"), re.compile("[/?#]")


def not_fitting(kind: PlaceholderKind) -> re.Pattern[str]:
    return _NOT_FITTING[kind]


def accepts_kind(kind: PlaceholderKind, value: str, hosts: Sequence[str] = ()) -> bool:
    """Whether a value of one character or more is of the kind; `hosts`: those that a link may lead to, none for all."""
    if kind is LINK:
        return LINK_START.match(value) is not None and NOT_WHITE.fullmatch(value) is not None and _leads(value, hosts)
    if kind in SHAPES:
        return len(value) <= LONGEST[kind] and _SHAPE[kind].fullmatch(value) is not None
    if _NOT_FITTING[kind].search(value):
        return False
    if kind is NAME and (value[0].isspace() or value[-1].isspace()):
        return False
    if kind in (NAME, TEXT) and _holds(value, _links, _hosts_of_value):
        return False
    return not (kind is TEXT and _holds(value, _phones))


def bad_character(kind: PlaceholderKind, value: str) -> int | None:
    """Where a character stands that no value of the kind holds; None if there is none."""
    pattern = _NOT_FITTING.get(kind) or _BAD.get(kind, LINE_BREAK)
    bad = pattern.search(value)
    return bad.start() if bad else None


class ForbiddenPart(NamedTuple):
    """A part that no value of a kind may contain. It concerns values that begin at or before it, or only at it.

    `ends_there`: only for values that end with it.
    """

    at: int
    end: int
    is_everywhere: bool
    ends_there: bool = False


def forbidden_parts(kind: PlaceholderKind, text: str) -> Iterator[ForbiddenPart]:
    """What makes parts of a text unfit for the kind.

    Digits inside a longer run of digits are a phone number only for a value that begins with them. So is the host name
    in an address of electronic mail a link.
    """
    if kind in (NAME, TEXT):
        yield from _links(text)
        for first, last, end, ends_there in bare_hosts_of_parts(text):
            yield from _starts(first, last, end, ends_there)
    if kind is TEXT:
        yield from _phones(text)


def _links(text: str) -> Iterator[ForbiddenPart]:
    return (ForbiddenPart(at, end, True) for at, end in _overlapping(LINK_INSIDE, text))


def _hosts_of_value(value: str) -> Iterator[ForbiddenPart]:
    for first, last, end in bare_hosts(value):
        yield from _starts(first, last, end)


def _starts(first: int, last: int, end: int, ends_there: bool = False) -> Iterator[ForbiddenPart]:
    if first == 0:
        yield ForbiddenPart(last, end, True, ends_there)
    else:
        yield from (ForbiddenPart(at, end, False, ends_there) for at in range(first, last + 1))


def _phones(text: str) -> Iterator[ForbiddenPart]:
    for at, end in _overlapping(PHONE_INSIDE, text):
        if not _CODE_INSIDE.match(text, at):
            yield ForbiddenPart(at, end, text[at] == "+" or text[at - 1 : at] not in _DIGITS)


def _holds(value: str, *finders: Callable[[str], Iterator[ForbiddenPart]]) -> bool:
    return any(part.at == 0 or part.is_everywhere for find in finders for part in find(value))


def link_or_phone(value: str) -> str:
    """What in a value a handset shows as a link: "a link", "a phone number" or ""."""
    if _holds(value, _links, _hosts_of_value):
        return N_("a link")
    return N_("a phone number") if _holds(value, _phones) else ""


def _overlapping(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    match = pattern.search(text)
    while match:
        yield match.span()
        match = pattern.search(text, match.start() + 1)


def beginnings(kind: PlaceholderKind, text: str) -> list[int]:
    """The places where a value of a kind with a form may begin."""
    return [match.start() for match in _BEGINNING[kind].finditer(text)]


def ends_of_values(kind: PlaceholderKind, hosts: Sequence[str], text: str, start: int) -> Iterator[tuple[int, int]]:
    """Where values of a kind with a form may end that begin here: intervals, both ends included."""
    if kind is LINK:
        link, run = LINK_START.match(text, start), NOT_WHITE.match(text, start)
        if link and run:
            yield from _ends_of_links(text, start, link.end(), run.end(), hosts)
        return
    extent = _EXTENT[kind].match(text, start)
    last = min(extent.end(), start + LONGEST[kind]) if extent else start
    shape = _SHAPE[kind]
    yield from ((end, end) for end in range(start + 1, last + 1) if shape.fullmatch(text, start, end))


def _ends_of_links(text: str, start: int, least: int, most: int, hosts: Sequence[str]) -> Iterator[tuple[int, int]]:
    if not hosts:
        yield least, most
        return
    host = _HOST.match(text, _begin_of_host(text, start))
    if host is None:
        return
    for end in range(max(least, host.start() + 1), host.end() + 1):
        if _is_listed(text[host.start() : end], hosts):
            yield end, end
    if _is_listed(host[0], hosts):
        port = _PORT.match(text, host.end())
        if port:
            yield host.end() + 2, port.end()
        path = _PATH.match(text, port.end() if port else host.end())
        if path:
            yield max(least, path.end()), most


def _begin_of_host(text: str, start: int) -> int:
    scheme = _SCHEME.match(text, start)
    return scheme.end() if scheme else start


def _leads(link: str, hosts: Sequence[str]) -> bool:
    if not hosts:
        return True
    host = _HOST.match(link, _begin_of_host(link, 0))
    return host is not None and _is_listed(host[0], hosts) and _BEHIND_HOST.fullmatch(link, host.end()) is not None


def _is_listed(host: str, hosts: Sequence[str]) -> bool:
    """A listed host, or one below it. Not casefold(), which makes ss of ß: those are two hosts."""
    folded = host.lower()
    return any(folded == listed or folded.endswith("." + listed) for listed in hosts)
