"""What matching must answer, said with plain `re`: lazy groups and a full match of each template in turn."""

import re
import unicodedata
from functools import cache

from sms.domain.matching.templates import PlaceholderKind

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
    parts = compared_parts(body.parts)
    pattern = "".join(re.escape(p) if isinstance(p, str) else pattern_of(p) for p in parts)
    literals = sum(len(p) for p in parts if isinstance(p, str))
    return re.compile(pattern), literals


def compared_parts(parts):
    """Each literal by itself; white space is cut at the template's ends."""
    made = list(parts)
    for number, part in enumerate(made):
        if isinstance(part, str):
            literal = re.sub("\r\n?", "\n", unicodedata.normalize("NFC", part))
            literal = literal.lstrip() if number == 0 else literal
            made[number] = literal.rstrip() if number == len(made) - 1 else literal
    return made


def match(templates, text):
    """None, ("matched", key, values) or ("ambiguous", set of keys)."""
    return best_of(templates, text, values_by_regex)


def match_by_backtracking(templates, text):
    """The same for placeholders of every kind: each end of each value is tried, the earliest first."""
    return best_of(templates, text, values_by_backtracking)


def best_of(templates, text, values_of):
    subject, found = compared(text), []
    for key, body in templates:
        values = values_of(body, subject)
        if values is not None:
            kinds = sum(p.kind is not PlaceholderKind.ANY for p in body.placeholders)
            found.append(((regex_of(body)[1], kinds), key, dict(zip(body.names, values, strict=True))))
    if not found:
        return None
    best = max(worth for worth, _, _ in found)
    winners = [(key, values) for worth, key, values in found if worth == best]
    return ("matched", *winners[0]) if len(winners) == 1 else ("ambiguous", {key for key, _ in winners})


def values_by_regex(body, subject):
    hit = regex_of(body)[0].fullmatch(subject)
    return hit and hit.groups()


def values_by_backtracking(body, subject):
    return rest_by_backtracking(compared_parts(body.parts), subject)


def rest_by_backtracking(parts, text):
    if not parts:
        return None if text else []
    part, *rest = parts
    if isinstance(part, str):
        return rest_by_backtracking(rest, text[len(part) :]) if text.startswith(part) else None
    for end in range(1, len(text) + 1):
        if part.accepts(text[:end]):
            behind = rest_by_backtracking(rest, text[end:])
            if behind is not None:
                return [text[:end], *behind]
    return None
