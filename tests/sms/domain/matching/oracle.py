"""What matching must answer, said with plain `re`: lazy groups and a full match of each template in turn."""

import re
import unicodedata
from functools import cache

from sms.domain.matching.templates import Placeholder, PlaceholderKind

BREAK = "\n\v\f\r\x85\u2028\u2029"
HOST = r"(?:[A-Za-z0-9-]+\.)+[a-z]{2,6}/"
PREFIX = r"(?ai:https?://|www\.)"


def compared(text):
    return re.sub("\r\n?", "\n", unicodedata.normalize("NFC", text)).strip()


def pattern_of(placeholder):
    kind, longest = placeholder.kind, placeholder.max_length
    if kind is PlaceholderKind.LINK:
        return link_pattern(longest)
    characters = "[0-9]" if kind is PlaceholderKind.DIGITS else f"[^{BREAK}]"
    return f"({characters}{{1,{longest or ''}}}?)"


def link_pattern(longest):
    """Without a longest length a lazy rest; with one, each length in turn, the shortest first."""
    if longest is None:
        return rf"({PREFIX}\S+?|{HOST}\S*?)"
    return "(" + "|".join(link_of_length(length) for length in range(5, longest + 1)) + ")"


def link_of_length(length):
    starts = [r"www\.", r"http://", r"https://"]
    begun = [rf"(?ai:{s})\S{{{length - n}}}" for s, n in zip(starts, (4, 7, 8), strict=True) if length > n]
    hosts = [rf"(?={HOST})[A-Za-z0-9.-]{{{n - 1}}}/\S{{{length - n}}}" for n in range(5, length + 1)]
    return "|".join(begun + hosts)


@cache
def regex_of(body):
    """The template as a pattern, on what is left of its literals after smoothing."""
    parts = list(body.parts)
    for number, part in enumerate(parts):
        if isinstance(part, str):
            literal = re.sub("\r\n?", "\n", unicodedata.normalize("NFC", part))
            literal = literal.lstrip() if number == 0 else literal
            parts[number] = literal.rstrip() if number == len(parts) - 1 else literal
    pattern = "".join(re.escape(p) if isinstance(p, str) else pattern_of(p) for p in parts)
    literals = sum(len(p) for p in parts if isinstance(p, str))
    return re.compile(pattern), literals


def match(templates, text):
    """None, ("matched", key, values) or ("ambiguous", set of keys)."""
    subject, found = compared(text), []
    for key, body in templates:
        regex, literals = regex_of(body)
        hit = regex.fullmatch(subject)
        if hit:
            kinds = sum(p.kind is not PlaceholderKind.ANY for p in body.parts if isinstance(p, Placeholder))
            found.append(((literals, kinds), key, dict(zip(body.names, hit.groups(), strict=True))))
    if not found:
        return None
    best = max(worth for worth, _, _ in found)
    winners = [(key, values) for worth, key, values in found if worth == best]
    return ("matched", *winners[0]) if len(winners) == 1 else ("ambiguous", {key for key, _ in winners})
