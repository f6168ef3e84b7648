"""Templates for which an index helps least: all have the same beginning and end, and all pairs of two lists occur.

Each family has 10,000 templates (with three lists of 21, 9,261), and one text that contains as
much of the lists as fits, so that hundreds or all of the templates may give it.
"""

from __future__ import annotations

from itertools import chain, product

from sms.domain.matching.index import Index
from sms.domain.matching.templates import Body, PlaceholderKind, parse_body

LONGEST = 1600
HUNDRED = range(100)
ENDS = range(1, 101)
FIRSTS = [f", a{n} malı üzrə " for n in HUNDRED]
SECONDS = [f" nömrəli b{n} sifarişiniz " for n in HUNDRED]
SIGNS = [chr(0x410 + n) for n in HUNDRED], [chr(0x4E00 + n) for n in HUNDRED]
THREE = [[f" {letter}{n} " for n in range(21)] for letter in "abc"]


def filled(text: str, end: str) -> str:
    return text[: LONGEST - len(end)] + end


def along(parts: list[str], value: str, room: int) -> str:
    """As many of the parts as fit, each followed by a value."""
    return "".join(chain.from_iterable((part, value) for part in parts))[:room]


def pairs() -> list[str]:
    return [f"Hörmətli {{name}}{a}{{order}}{b}{{status}}." for a, b in product(FIRSTS, SECONDS)]


def bodies(sources: list[str], *, digits: bool = True) -> list[tuple[int, Body]]:
    kinds = {"order": PlaceholderKind.DIGITS} if digits else {}
    return [(number, parse_body(source, kinds)) for number, source in enumerate(sources)]


def cases() -> dict[str, tuple[list[tuple[int, Body]], str]]:
    """Families with their text, by what makes them hard."""
    signs = [f"x{{a}}{one}{{order}}{other}{{b}}y" for one, other in product(*SIGNS)]
    nested = ["a" * n + "{order}" + "z" * m for n, m in product(ENDS, ENDS)]
    three = [f"Salam {{a}}{a}{{b}}{b}{{order}}{c}{{d}}." for a, b, c in product(*THREE)]
    every = "Salam x" + "".join(along(words, "x", 520) for words in THREE) + "."
    first_x, second_x = along(FIRSTS, "x", 730), along(SECONDS, "x", 850)
    first_7, second_7 = along(FIRSTS, "7", 730), along(SECONDS, "7", 850)
    return {
        "crossed words": (bodies(pairs()), filled(f"Hörmətli x{first_x}{second_x}", ".")),
        "in the wrong order": (bodies(pairs()), filled(f"Hörmətli x7{second_7}{first_7}", ".")),
        "all tie": (bodies(pairs(), digits=False), filled(f"Hörmətli x{first_x}{second_x}", ".")),
        "crossed signs": (bodies(signs), f"x7{along(SIGNS[1], '7', 800)}{along(SIGNS[0], '7', 700)}y"),
        "crossed beginnings and ends": (bodies(nested), f"{'a' * 800}b{'z' * 799}"),
        "three lists": (bodies(three), every),
        "three lists that all give it": (bodies(three, digits=False), every),
        "one in the other and all give it": (bodies(nested, digits=False), "a" * 800 + "z" * 800),
    }


def indexes() -> dict[str, tuple[Index[int], str]]:
    """The families' indexes, each with its text."""
    return {name: (Index(templates), text) for name, (templates, text) in cases().items()}
