"""Finds host names in text: handsets show them as links, although they have neither a scheme nor a path.

The endings are those of the public suffix list, which the package `publicsuffixlist` brings with it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from publicsuffixlist import PublicSuffixList

_LIST = PublicSuffixList(accept_unknown=False, only_icann=True)

# Invisible characters, by which a host name could be hidden from a filter.
_HIDDEN = "\u00ad\u034f\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff"
_SKIPPED = re.compile(f"[{_HIDDEN}]")
# Full stops that IDNA takes for the dot of a host name.
_DOT = "[.\u3002\uff0e\uff61]"
_LABEL_CHARACTER = f"[^\\W_{_HIDDEN}]"
_ENDING = re.compile(
    f"(?<=[\\w{_HIDDEN}-]){_DOT}[{_HIDDEN}]*+(?P<ending>(?:xn--)?(?:{_LABEL_CHARACTER}[{_HIDDEN}]*+)+)"
)
_LOCAL_PART = re.compile(r"[\w.%+-]@[\w.-]*\Z")
_LONGEST = 253
# So many characters after a host name distinguish it from an abbreviation in an address.
_CONTEXT = 4

# Endings that are also words. Capitalised, as in "Bitdi.Biz", such a word begins a sentence without a blank after the
# full stop. In another letter case ("shop.biz", "SHOP.BIZ") it is the end of a host name.
_WORDS = frozenset(
    str.split(
        "ad ai al am an ar as at az ba be bi biz bo book buy by ca call care ce ci cu da date day de di do et fi "
        "food free fun gel gift good has he here how il in is it ki kim la live lot love ma man me mi mm mo moi "
        "money mu my na ne new news next ni no now nu of off om on one open or our pa pay pe phone play plus re "
        "read sa safe sale save se see si so store su ta te team th to today tu un us va ve vi we win work xin "
        "you your"
    )
)
# Units behind a number without a blank: "5.kg", "100.TL", "9.30.am".
_UNITS = frozenset(str.split("am cd cm gb kg km mb md ml mm mg pm tl"))
# Abbreviations in addresses: "Cad.No:5", "Str.Nr.12", "A1.Sc.B".
_ADDRESS = frozenset(str.split("bl et nr no sc sk st"))
_ADDRESS_NUMBER = re.compile(r"[.:]? ?(?:[0-9]|[A-Za-z](?![^\W_]))")
_BEHIND_HOST = re.compile(r"/|:[0-9]")


@lru_cache(maxsize=4096)
def is_ending(label: str) -> bool:
    """Whether it is a top-level domain, in any letter case and width, in letters or in punycode."""
    plain = _plain(label)
    return "." not in plain and _LIST.is_public(plain)


def _plain(label: str) -> str:
    return unicodedata.normalize("NFKC", _SKIPPED.sub("", label)).casefold()


def bare_hosts(text: str) -> Iterator[tuple[int, int, int]]:
    """The host names that make a link of a text for a handset: first and last start, and end.

    Each part that begins between the two starts and reaches the end is a link: `evil.com`, `vil.com` … `l.com`. An
    e-mail address is none, but a part that begins after its local part is. Takes linear time.
    """
    for found in _ENDING.finditer(text):
        last = _last_start(text, found.start(), found["ending"], found.end(), len(text))
        if last is not None:
            yield _mail_sign(text, found.start()), last, found.end()


def bare_hosts_of_parts(text: str) -> Iterator[tuple[int, int, int, bool]]:
    """The same for every part of a text: first and last start, end, and whether only a part with this end is a link.

    Of `evil.company` the part `evil.com` is one, of `Cad.No:5` the part `Cad.No`.
    """
    for found in _ENDING.finditer(text):
        first, dot, ending = _mail_sign(text, found.start()), found.start(), found["ending"]
        begin = found.end() - len(ending)
        for end in range(begin + 1, found.end()):
            last = _last_start(text, dot, text[begin:end], end, end)
            if last is not None:
                yield first, last, end, True
        stop = min(found.end() + _CONTEXT, len(text))
        for end in range(found.end(), stop + 1):
            last = _last_start(text, dot, ending, found.end(), end)
            if last is not None:
                yield first, last, end, end < stop


def _last_start(text: str, dot: int, ending: str, end: int, stop: int) -> int | None:
    """Where a host name begins at the latest, in the text up to `stop`; None where it is a word, a unit, an address."""
    if not is_ending(ending) or text.startswith("_", end, stop):
        return None
    ending = _SKIPPED.sub("", ending)
    plain = _plain(ending)
    is_address = plain in _ADDRESS and _ADDRESS_NUMBER.match(text, end, stop)
    if _BEHIND_HOST.match(text, end, stop) and not is_address:
        return dot - 1
    if is_address or (ending.istitle() and plain in _WORDS):
        return None
    return _begin_of_label(text, dot, ending, plain)


def _begin_of_label(text: str, dot: int, ending: str, plain: str) -> int | None:
    if plain in _UNITS:
        at = dot - 1
        while at >= 0 and (text[at].isdigit() or text[at] in ".,"):
            at -= 1
        return at if at >= 0 and (text[at].isalpha() or text[at] == "-") else None
    if ending.islower() or len(ending) > 2:
        return dot - 1
    # "T.Ly" is a name with its initial, "TP.HN" a town of Vietnam.
    least = 3 if text[max(0, dot - 2) : dot].casefold() in ("tp", "tx") else 2
    label = text[max(0, dot - least) : dot]
    return dot - least if len(label) == least and all(each.isalnum() or each == "-" for each in label) else None


def _mail_sign(text: str, dot: int) -> int:
    """Where the @ of an address stands whose host name this is; 0 if it is none."""
    at = text.rfind("@", max(0, dot - _LONGEST), dot)
    return at if at > 0 and _LOCAL_PART.search(text, at - 1, dot) else 0
