"""What a match costs, in calls counted by the interpreter: the same on every machine."""

import sys
from itertools import product

import pytest

from sms.domain.matching.index import Index
from sms.domain.matching.templates import Placeholder, PlaceholderKind, parse_body

DIGITS, LINK = PlaceholderKind.DIGITS, PlaceholderKind.LINK

FAMILIES = {
    "differ at the beginning": "Mağaza {}: Hörmətli {{name}}, {{order}} nömrəli sifarişiniz yola salındı.",
    "differ in the middle": "Hörmətli {{name}}, {}-ci filialdan {{order}} nömrəli sifarişiniz yola salındı.",
    "differ at the end": "Hörmətli {{name}}, {{order}} nömrəli sifarişiniz yola salındı. Filial {}",
    "begin and end with a placeholder": "{{name}} {} {{order}}",
    "differ by characters inside words": "{{name}}#{:05}#{{order}}.",
}


def calls(work):
    """How many functions, Python's and C's, the work calls."""
    count = 0

    def note(_frame, event, _argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def family(source, size):
    kinds = {"order": DIGITS}
    return Index((number, parse_body(source.format(number), kinds)) for number in range(size))


@pytest.mark.parametrize("source", FAMILIES.values(), ids=FAMILIES)
def test_ten_thousand_templates_cost_a_match_at_most_twice_what_a_hundred_do(source):
    text = parse_body(source.format(57)).render({"name": "Aygün", "order": "004217"})
    few, many = family(source, 100), family(source, 10_000)
    assert many.match(text) == few.match(text)
    assert many.match(text).key == 57
    assert calls(lambda: many.match(text)) <= 2 * calls(lambda: few.match(text))


def test_two_words_that_each_are_common_find_their_template_together():
    index = Index(
        (number, parse_body(f"A {{name}}, w{number // 100} {{order}} v{number % 100} {{b}}."))
        for number in range(10_000)
    )
    assert index.match("A x, w12 1 v34 y.").key == 1234
    assert calls(lambda: index.match("A x, w12 1 v34 y.")) < 150


CHOOSY = {"a": Placeholder("a", max_length=40), "b": DIGITS, "c": LINK, "d": Placeholder("d", DIGITS, 5)}
SOURCES = [
    "{x} {y} {z} {w}!",
    "x{a} {b} {c} {d}.",
    "{x}a{y}a{z}a{w}ab",
    "{a}aa{b}1{c}.{d}!",
    "1{b}1{d}1{x}",
    "{c}.{b}",
    "{x}, {c}/{b}",
]
UNITS = ["a", " ", "1", "1 ", "a ", "www.", "http://", "a.az/", "a.", "1 www.a ", "x, ", "\n", "a\n", "ə", "aa1.", "1,"]


@pytest.mark.parametrize("unit", UNITS)
def test_no_text_costs_more_than_in_proportion_to_its_length(unit):
    """Four placeholders as (.+) took 20.9 s on 800 characters."""
    kinds = [{name: CHOOSY[name] for name in parse_body(source).names if name in CHOOSY} for source in SOURCES]
    index = Index((source, parse_body(source, kind)) for source, kind in zip(SOURCES, kinds, strict=True))
    for ending in ("", "!", ".", "1", "/1"):
        short, long = (unit * (size // len(unit)) + ending for size in (800, 1600))
        cost = calls(lambda text=short: index.match(text))
        assert calls(lambda text=long: index.match(text)) <= 2 * cost + 50
        assert cost <= 6000


def test_a_text_made_of_many_templates_words_tries_only_those_templates():
    index = family(FAMILIES["differ in the middle"], 10_000)
    words = "".join(f", {number}-ci filialdan x" for number in range(1000, 1060))
    text = f"Hörmətli x{words} nömrəli sifarişiniz yola salındı."
    assert len(text) <= 1600
    assert index.match(text) is None
    assert calls(lambda: index.match(text)) <= 60 * 30


FIRSTS = [f", a{n} malı üzrə 7" for n in range(38)]
SECONDS = [f" nömrəli b{n} sifariş x" for n in range(38)]


@pytest.fixture(scope="module")
def crossed():
    """Templates that begin and end alike and differ by two words: each of 100 with each of 100."""
    source = "Salam {{name}}, a{} malı üzrə {{order}} nömrəli b{} sifariş {{x}}."
    sources = (source.format(*divmod(number, 100)) for number in range(10_000))
    return Index((number, parse_body(source, {"order": DIGITS})) for number, source in enumerate(sources))


@pytest.mark.parametrize(
    ("parts", "key"), [([*FIRSTS, *SECONDS], 3700), ([*SECONDS, *FIRSTS], None)], ids=["one fits", "none fits"]
)
def test_a_text_with_the_words_of_a_thousand_templates_costs_hardly_two_calls_for_each(crossed, parts, key):
    """Some for each word, and for each template the look at it alone: it is not tried by itself."""
    text = f"Salam x{''.join(parts)}."
    assert len(text) <= 1600
    found = crossed.match(text)
    assert (found and found.key) == key
    assert calls(lambda: crossed.match(text)) <= 2 * len(FIRSTS) * len(SECONDS) + 600


WORDS = [[f" {letter}{n:02} " for n in range(21)] for letter in "abc"]


def test_a_text_with_all_words_of_three_lists_costs_less_than_a_call_for_each_template():
    """Each of 21 with each of 21 and each of 21: one pile, of which the heads that meet no tail are left out."""
    sources = (f"Salam {{a}}{a}{{b}}{b}{{order}}{c}{{d}}." for a, b, c in product(*WORDS))
    index = Index((number, parse_body(source, {"order": DIGITS})) for number, source in enumerate(sources))
    text = "Salam x" + "".join(f"{word}x" for words in WORDS for word in words) + "."
    assert index.match(text) is None
    assert calls(lambda: index.match(text)) <= 21**3
    tie = index.match(text.replace(" b20 x c00 ", " b20 7 c00 "))
    assert set(tie.keys) == {first * 441 + 20 * 21 for first in range(21)}


def test_beginnings_crossed_with_ends_cost_a_look_at_each_of_them_and_none_at_each_pair():
    """Each of 100 beginnings with each of 100 ends."""
    nested = product(range(1, 101), repeat=2)
    sources = ((n, m, f"{'a' * n}{{order}}{'z' * m}") for n, m in nested)
    index = Index(((n, m), parse_body(source, {"order": DIGITS})) for n, m, source in sources)
    assert calls(lambda: index.match("a" * 800 + "b" + "z" * 799)) <= 15 * 100
    assert index.match("a" * 70 + "7" + "z" * 80).key == (70, 80)
