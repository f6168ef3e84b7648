"""Ten thousand templates in six languages, and texts that miss one of them in one of twelve ways.

Templates of one language are each of some brands with each of some sentences and each of some closings, so every one
has many that differ from it in one of the three alone.
"""

import random
import re
import unicodedata
from dataclasses import dataclass
from itertools import product

from sms.domain.matching.causes import Cause
from sms.domain.matching.folding import APOSTROPHES, LOOK_ALIKES
from sms.domain.matching.nearest import nearest
from sms.domain.matching.placeholders import parse_kinds
from sms.domain.matching.templates import parse_body
from tests.sms.domain.matching.phrases import BRANDS, CLOSINGS, CORES, DATES, NAMES, SUMS

MOST = 10_000
LANGUAGES = tuple(CORES)
KINDS = parse_kinds(
    {
        "code": {"kind": "digits", "max_length": 6},
        "order": {"kind": "code", "max_length": 12},
        "name": {"kind": "name", "max_length": 24},
        "sum": "amount",
        "date": "date",
        "time": "time",
        "link": {"kind": "link", "hosts": ["shop.example", "shop.test"], "max_length": 40},
    }
)
TOO_LONG = {
    "code": ["0042179", "123456789"],
    "order": ["A1B2C3D4E5F6G7", "1234567890123"],
    "name": ["Əbdülhəsən Məmmədhüseynzadəoğlu"],
    "link": ["https://shop.example/a/very/long/way/to/order"],
}
WRONG = {
    "code": ["12a4", "12-34", "www.evil.example"],
    "order": ["AB-1", "№1", "https://evil.example/a1"],
    "name": ["Əli 2", "www.evil.example", "Kod1234"],
    "sum": ["AZN", "on iki", "12..5"],
    "date": ["sabah", "25-11", "2026"],
    "time": ["1430", "indi", "14:3"],
    "link": ["https://evil.example/a", "shop", "https://shop.example.evil.az/"],
}


@dataclass(frozen=True)
class Miss:
    language: str
    cause: Cause
    key: int
    text: str


def made_templates():
    """Pairs of a key and a body; the key's remainder by the number of languages is the language."""
    each = [list(product(CORES[language], CLOSINGS[language], BRANDS)) for language in LANGUAGES]
    found = []
    for number in range(MOST):
        language, place = number % len(LANGUAGES), number // len(LANGUAGES)
        core, closing, brand = each[language][place]
        form = ("{}: {} {}", "{}: {}\n{}", "{1} {2} {0}")[place % 3]
        source = form.format(brand, core, closing)
        names = parse_body(source).names
        found.append((number, parse_body(source, {name: KINDS[name] for name in names})))
    return found


def values_for(rng, body, language):
    choices = {
        "code": ["004217", "1", "99999"],
        "order": ["100045", "TR77A", "9B"],
        "name": NAMES[language],
        "sum": SUMS[language],
        "date": DATES[language],
        "time": ["14:30", "09.15", "7:05"],
        "link": ["https://shop.example/a1", "shop.test/n", "https://m.shop.example/x?n=1"],
    }
    return {name: rng.choice(choices[name]) for name in body.names}


def places(body, values, fits):
    """Where in the rendered text a literal's character stands that fits, no neighbour of a value."""
    at, last = 0, len(body.parts) - 1
    for number, part in enumerate(body.parts):
        if isinstance(part, str):
            first, end = (1 if number else 0), len(part) - (1 if number < last else 0)
            yield from (at + place for place in range(first, end) if fits(part, place))
            at += len(part)
        else:
            at += len(values[part.name])


def replaced(rng, body, values, fits, other):
    """The text with one fitting character made another; None if there is no such character."""
    text = body.render(values)
    found = list(places(body, values, fits))
    if not found:
        return None
    at = rng.choice(found)
    return text[:at] + other(text[at]) + text[at + 1 :]


def swapped_case(character, language):
    turkic = {"i": "İ", "İ": "i", "ı": "I", "I": "ı"} if language in ("az", "tr") else {}
    return turkic.get(character, character.swapcase())


def letter_case(rng, body, values, language):
    return replaced(
        rng,
        body,
        values,
        lambda part, at: part[at].isalpha() and len(part[at].swapcase()) == 1 and part[at].swapcase() != part[at],
        lambda character: swapped_case(character, language),
    )


def is_inner_blank(part, at):
    return part[at] == " " and 0 < at < len(part) - 1


def blanks(rng, body, values, _language):
    return replaced(rng, body, values, is_inner_blank, lambda _: rng.choice(["  ", "   "]))


def no_break_blank(rng, body, values, _language):
    return replaced(rng, body, values, is_inner_blank, lambda _: rng.choice("\u00a0\u202f\u2009\u3000"))


def full_stop(rng, body, values, _language):
    text = body.render(values)
    if rng.random() < 0.5 and text.endswith("."):
        return text[:-1]
    stops = list(places(body, values, lambda part, at: part[at] == "." and part[at + 1 : at + 2].isspace()))
    if stops:
        at = rng.choice(stops)
        return text[:at] + text[at + 1 :]
    return text + "." if text[-1].isalpha() else None


def line_break(rng, body, values, _language):
    return replaced(
        rng,
        body,
        values,
        lambda part, at: part[at] in " \n" and 0 < at < len(part) - 1,
        lambda blank: rng.choice([" ", "\n\n"]) if blank == "\n" else "\n",
    )


def inner_words(body, values):
    """Spans of whole words of literals, with blanks on both sides or at the text's ends."""
    text, found, at = body.render(values), [], 0
    for part in body.parts:
        if isinstance(part, str):
            for word in re.finditer(r"\S+", part):
                start, end = at + word.start(), at + word.end()
                if (word.start() or not at) and (word.end() < len(part) or end == len(text)):
                    found.append((start, end))
            at += len(part)
        else:
            at += len(values[part.name])
    return found


def without(text, start, end):
    return text[:start] + text[end + 1 :] if end < len(text) else text[: start - 1]


def word(rng, body, values, _language):
    text = body.render(values)
    start, end = rng.choice(inner_words(body, values))
    if rng.random() < 0.5:
        return without(text, start, end)
    blanks_here = list(places(body, values, is_inner_blank))
    at = rng.choice(blanks_here)
    return f"{text[:at]} {rng.choice(['yeni', 'mới', 'новый', 'dear', 'çox', 'foarte'])}{text[at:]}"


def moved_word(rng, body, values, _language):
    """The brand from the beginning to the end, or from there to the beginning."""
    text = body.render(values)
    brand = next(each for each in sorted(BRANDS, key=len, reverse=True) if text.startswith(each) or text.endswith(each))
    if text.startswith(f"{brand}: "):
        return f"{text.removeprefix(f'{brand}: ')} {brand}"
    return f"{brand}{rng.choice([': ', ' '])}{text.removesuffix(f' {brand}')}"


def apostrophe(rng, body, values, _language):
    others = sorted(APOSTROPHES - {"'"})
    return replaced(rng, body, values, lambda part, at: part[at] == "'", lambda _: rng.choice(others))


ALIKE = {one: [other for other in group if other != one] for group in LOOK_ALIKES.split() for one in group}


def look_alike(rng, body, values, _language):
    return replaced(rng, body, values, lambda part, at: part[at] in ALIKE, lambda c: rng.choice(ALIKE[c]))


def stray_mark(character):
    """A mark that makes no single letter with this one."""
    marks = "\u0307\u0306\u0327\u0301\u0302\u030a"
    return next((mark for mark in marks if len(unicodedata.normalize("NFC", character + mark)) == 2), None)


def decomposed(rng, body, values, language):
    """A letter and a mark of its own that do not become one letter: i with a dot above, as lower-casing İ gives it."""
    return replaced(
        rng,
        body,
        values,
        lambda part, at: part[at].isalpha() and stray_mark(part[at]) is not None,
        lambda character: character + stray_mark(character),
    )


def length(rng, body, values, _language):
    names = [name for name in body.names if name in TOO_LONG]
    return names and body.render({**values, (name := rng.choice(names)): rng.choice(TOO_LONG[name])})


def kind(rng, body, values, _language):
    name = rng.choice(body.names)
    return body.render({**values, name: rng.choice(WRONG[name])})


CAUSES = {
    Cause.LETTER_CASE: letter_case,
    Cause.BLANKS: blanks,
    Cause.NO_BREAK_BLANK: no_break_blank,
    Cause.FULL_STOP: full_stop,
    Cause.LINE_BREAK: line_break,
    Cause.WORD: word,
    Cause.MOVED_WORD: moved_word,
    Cause.APOSTROPHE: apostrophe,
    Cause.LOOK_ALIKE: look_alike,
    Cause.DECOMPOSED: decomposed,
    Cause.LENGTH: length,
    Cause.KIND: kind,
}


def misses(templates, language, cause, count, seed=0):
    """So many different texts in this language that miss a template for this cause alone."""
    rng = random.Random(f"{language} {cause} {seed}")
    own = [each for each in templates if LANGUAGES[each[0] % len(LANGUAGES)] == language]
    found = set()
    while len(found) < count:
        key, body = rng.choice(own)
        text = CAUSES[cause](rng, body, values_for(rng, body, language), language)
        if text:
            found.add(Miss(language, cause, key, text))
    return sorted(found, key=lambda miss: (miss.key, miss.text))


def verdict(index, miss):
    """ "" where the text is refused and explained by its own cause, else what became of it.

    Where a whole brand is missing, each brand's template is as near as the other.
    """
    if index.match(miss.text) is not None:
        return "taken"
    near = nearest(index, miss.text)
    if near is None or near.cause is not miss.cause:
        return f"explained by {near and near.difference}"
    return "" if near.key == miss.key or miss.cause is Cause.WORD else f"another template: {near.difference}"
