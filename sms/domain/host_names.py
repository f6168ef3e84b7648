"""Host names in running text: what a handset makes a link of, though it has neither a scheme nor a path.

The endings are those of the public suffix list, which the package `publicsuffixlist` brings with it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from publicsuffixlist import PublicSuffixList

_LIST = PublicSuffixList(accept_unknown=False, only_icann=True)

# Characters that show nothing, with which a host name is hidden from a filter.
_HIDDEN = "\u00ad\u034f\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff"
_SKIPPED = re.compile(f"[{_HIDDEN}]")
# Full stops that IDNA takes for the dot of a host name.
_DOT = "[.\u3002\uff0e\uff61]"
_LABEL_CHARACTER = f"[^\\W_{_HIDDEN}]"
_ENDING = re.compile(
    f"(?<=[\\w{_HIDDEN}-]){_DOT}[{_HIDDEN}]*+(?P<ending>(?:xn--)?(?:{_LABEL_CHARACTER}[{_HIDDEN}]*+)+)"
)
_LOCAL_PART = re.compile(r"[\w.%+-]+@[\w.-]*\Z")
_LONGEST = 253

# Endings that are also words with which a sentence begins. Capitalised, as in "Bitdi.Biz", they are such a word where
# a blank is missing behind a full stop; in another letter case ("shop.biz", "SHOP.BIZ") they are a host name's end.
_WORDS = frozenset(
    str.split(
        "ad ai al am an ar as at az ba be bi biz bo by ca call care ce ci cu da de di do et fi fun gel good has he "
        "here how il in is it ki la lot ma me mi mm mo mu my na ne new news ni no now nu of om on one open or our pa "
        "pe play plus re sa sale save se si so su ta te th to today tu un us va ve vi we win you your"
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


def bare_hosts(text: str) -> Iterator[tuple[int, int]]:
    """The shortest parts of a text that make a link of it for a handset: `l.com` of `evil.com`.

    An address of electronic mail is no link. Linear.
    """
    for found in _ENDING.finditer(text):
        if is_ending(found["ending"]):
            start = _start(text, found)
            if start is not None and not _is_mail(text, found.start()):
                yield start, found.end()


def _start(text: str, found: re.Match[str]) -> int | None:
    """Where a host name begins at the latest; None where it is a word, a unit or an address."""
    ending, dot = _SKIPPED.sub("", found["ending"]), found.start()
    plain = _plain(ending)
    if text.startswith("_", found.end()):
        return None
    if _BEHIND_HOST.match(text, found.end()) and not (plain in _ADDRESS and text[found.end()] == ":"):
        return dot - 1
    if plain in _ADDRESS and _ADDRESS_NUMBER.match(text, found.end()):
        return None
    if ending.istitle() and plain in _WORDS:
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


def _is_mail(text: str, dot: int) -> bool:
    at = text.rfind("@", max(0, dot - _LONGEST), dot)
    return at > 0 and _LOCAL_PART.search(text, max(0, at - 64), dot) is not None
