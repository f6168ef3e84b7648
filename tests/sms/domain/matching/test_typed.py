"""Templates with placeholders of every kind against full backtracking, and what typed placeholders keep out."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sms.domain.matching.index import Ambiguous, Index, Matched
from sms.domain.matching.placeholders import Placeholder, parse_kinds
from sms.domain.matching.splitting import FREE, Slot, Subject, possible_starts
from sms.domain.matching.templates import Body, PlaceholderKind, parse_body
from tests.sms.domain.matching import oracle
from tests.sms.domain.matching.test_matching import answer, by_tokens, together  # noqa: F401  fixtures
from tests.sms.domain.matching.test_matching_cost import UNITS, calls
from tests.sms.domain.matching.values import HOSTS, VALUES

LITERALS = [" ", ", ", ".", "-", ":", "/", "1", "0", "a", " AZN", "az", "@", ", 1 ", "\n", "https://", "'", "h", "+"]
PIECES = [*LITERALS, "2", "25", "11", "2026", "250", ",50", "₼", "đ", "Ə", "b.az/", "www.", "noyabr", "x.az", "(", "₺"]
PIECES += [
    "evil.company",
    "Cad.No:5",
    "TP.HN",
    "b.Biz",
    "01234567 15",
    "+994501112233",
    "0501112233",
    "8 800 555 35 35",
    "a@b.co",
    "14:30",
    "14h",
    "25.11.2026",
    "1 250,50 ₼",
    "PM",
]


def made_placeholder(rng, name):
    kind = rng.choice(list(PlaceholderKind))
    made = Placeholder(
        name,
        kind,
        rng.choice([None, None, rng.randint(1, 12)]),
        rng.choice([None, None, rng.randint(1, 4)]),
        HOSTS if kind is PlaceholderKind.LINK and rng.random() < 0.5 else (),
    )
    return made_placeholder(rng, name) if made.problem else made


def made_body(rng):
    parts, is_literal = [], rng.random() < 0.6
    for number in range(rng.randint(2, 6)):
        literal = "".join(rng.choices(LITERALS, k=rng.randint(1, 2)))
        parts.append(literal if is_literal else made_placeholder(rng, f"p{number}"))
        is_literal = not is_literal
    return Body(tuple(parts))


def made_text(rng, body):
    if rng.random() < 0.4:
        return "".join(rng.choices(PIECES, k=rng.randint(1, 9)))
    text = body.render({p.name: rng.choice(VALUES[p.kind]) for p in body.placeholders})
    if rng.random() < 0.4:
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(PIECES) + text[at + rng.randint(0, 2) :]
    return text


@pytest.mark.parametrize("seed", range(25))
def test_index_and_backtracking_agree_on_placeholders_of_every_kind(seed, together, by_tokens):  # noqa: F811
    rng = random.Random(seed)
    for _ in range(12):
        templates = list(enumerate(made_body(rng) for _ in range(rng.randint(1, 6))))
        index, with_few = Index(templates), by_tokens(templates)
        for _ in range(30):
            text = made_text(rng, rng.choice(templates)[1])
            expected = oracle.match_by_backtracking(templates, text)
            assert answer(index, text) == expected, (templates, text)
            assert together(index, text) == expected, (templates, text)
            assert answer(with_few, text) == expected, (templates, text)


kinds = st.sampled_from(PlaceholderKind)
placeholders = st.builds(
    Placeholder, st.just("p"), kinds, st.none() | st.integers(1, 14), st.none() | st.integers(1, 5)
).filter(lambda made: not made.problem)
texts = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


@st.composite
def bodies(draw):
    parts, is_literal = [], draw(st.booleans())
    for number in range(draw(st.integers(2, 6))):
        literal = draw(st.lists(st.sampled_from(LITERALS), min_size=1, max_size=2).map("".join))
        parts.append(literal if is_literal else replace(draw(placeholders), name=f"p{number}"))
        is_literal = not is_literal
    return Body(tuple(parts))


@settings(max_examples=600)
@given(bodies(), st.data())
def test_the_earlier_placeholder_takes_the_shorter_part_whatever_the_kinds(body, data):
    values = {p.name: data.draw(st.sampled_from(VALUES[p.kind])) for p in body.placeholders}
    text = data.draw(st.just(body.render(values)) | texts)
    assert answer(Index([("a", body)]), text) == oracle.match_by_backtracking([("a", body)], text)


@settings(max_examples=600)
@given(placeholders, texts, st.integers(0, 2**40))
def test_where_values_begin_and_end_is_what_the_placeholder_accepts(placeholder, text, chosen):
    """Every part of the text as a value: the sets of positions hold exactly those that are accepted."""
    subject, slot = Subject(text), Slot(placeholder.kind, placeholder.shortest, placeholder.longest, placeholder.hosts)
    places = range(len(text) + 1)
    for start in places:
        taken = [end for end in places if end > start and placeholder.accepts(text[start:end])]
        found = subject.ends(slot, start)
        assert [end for end in places if found >> len(text) - end & 1] == taken
    ends = chosen & (1 << len(text) + 1) - 1
    starts = possible_starts(slot, ends, subject)
    expected = [start for start in places if subject.ends(slot, start) & ends]
    assert [start for start in places if starts >> len(text) - start & 1] == expected


def index_of(source, **declared):
    return Index([("template", parse_body(source, parse_kinds(declared)))])


@pytest.mark.parametrize("kind", ["digits", "code", "name", "text", "number", "amount", "date", "time"])
@pytest.mark.parametrize("link", ["https://evil.example/x1", "www.evil1.az", "evil.az/1", "EVIL HTTPS://a.b 1"])
def test_a_link_is_no_value_of_another_kind(kind, link):
    assert index_of("Kod: {code}.", code=kind).match(f"Kod: {link}.") is None
    assert isinstance(index_of("Kod: {code}.", code="any").match(f"Kod: {link}."), Matched)


LISTED = {"kind": "link", "hosts": ["shop.az"]}
SPLITS = [
    ("{when} {clock}", {"when": "date", "clock": "time"}, "25 noyabr 2026 14:30", ["25 noyabr 2026", "14:30"]),
    ("{a} {b}", {"a": "amount", "b": "name"}, "1 250,50 ₼ Əli", ["1 250,50", "₼ Əli"]),
    ("{a} {b}", {"a": "amount", "b": "number"}, "1 250 250", ["1", "250 250"]),
    ("{a}.{b}", {"a": "date", "b": "any"}, "25.11.2026.", ["25.11", "2026."]),
    ("{a}.{b}", {"a": "date", "b": "any"}, "25.11.2026. a", ["25.11", "2026. a"]),
    ("{a}.{b}", {"a": {"kind": "date", "min_length": 8}, "b": "any"}, "25.11.2026. a", ["25.11.2026", " a"]),
    ("{a}.{b}", {"a": "number", "b": "digits"}, "1.250.50", ["1.250", "50"]),
    ("{n}, {d}", {"n": "name", "d": "date"}, "Əli, Vəli, 25/11/2026", ["Əli, Vəli", "25/11/2026"]),
    ("{n} {c}", {"n": "name", "c": "code"}, "Ana Maria A7", ["Ana Maria", "A7"]),
    (
        "{u}/{x}",
        {"u": {"kind": "link", "hosts": ["shop.az"]}, "x": "any"},
        "https://shop.az/a",
        ["https://shop.az", "a"],
    ),
]


@pytest.mark.parametrize(("source", "declared", "text", "values"), SPLITS)
def test_of_several_splits_the_first_valid_one_is_taken(source, declared, text, values):
    found = index_of(source, **declared).match(text)
    assert (found and list(found.values.values())) == values


def test_kinds_break_a_tie_and_equally_many_kinds_do_not():
    loose, typed = parse_body("Kod: {code}"), parse_body("Kod: {code}", parse_kinds({"code": "code"}))
    named = parse_body("Kod: {name}", parse_kinds({"name": "text"}))
    assert Index([("loose", loose), ("typed", typed)]).match("Kod: A7").key == "typed"
    assert isinstance(Index([("named", named), ("typed", typed)]).match("Kod: A7"), Ambiguous)
    assert Index([("named", named), ("typed", typed)]).match("Kod: yox").key == "named"


SOURCES = [
    ("{a} {b} {c} {d}!", {"a": "amount", "b": "date", "c": "phone", "d": "code"}),
    ("x{a}1{b}1{c}.", {"a": "number", "b": "text", "c": "time"}),
    ("{a}a{b}.{c}@", {"a": "email", "b": "name", "c": {"kind": "link", "hosts": ["a.az"]}}),
    ("{a},{b} {c}", {"a": "text", "b": "phone", "c": "name"}),
]


@pytest.mark.parametrize(
    "unit", [*UNITS, "1.", "1-", "050 1112233 ", "+1", "a@a.az ", "1 noyabr ", "0", "b@", "www.a/"]
)
def test_kinds_with_a_form_cost_in_proportion_to_the_text_too(unit):
    index = Index((source, parse_body(source, parse_kinds(declared))) for source, declared in SOURCES)
    for ending in ("", "!", ".", "@"):
        short, long = (unit * (size // len(unit)) + ending for size in (800, 1600))
        cost = calls(lambda text=short: index.match(text))
        assert calls(lambda text=long: index.match(text)) <= 2 * cost + 400


def test_a_placeholder_that_takes_anything_is_the_free_slot():
    assert Slot(PlaceholderKind.ANY, 1, None, ()) == FREE
