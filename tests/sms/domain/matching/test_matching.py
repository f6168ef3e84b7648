"""Matching against an oracle of plain `re`, and the rule's corners one by one."""

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sms.domain.matching import candidates
from sms.domain.matching import index as index_module
from sms.domain.matching.index import Ambiguous, Index, Matched
from sms.domain.matching.templates import Body, Placeholder, PlaceholderKind, parse_body
from tests.sms.domain.matching import oracle

ANY, DIGITS, LINK = PlaceholderKind.ANY, PlaceholderKind.DIGITS, PlaceholderKind.LINK

PIECES = ["a", "b", "ab", " ", " ", ", ", ".", "1", "21", "\n", "\r\n", "é", "e\u0301", "\u0301", "\u2028", "{", "😀"]
PIECES += ["http://", "WWW.", "a.az/", "b.a.az/", "-", "/", "x"]


def answer(index, text):
    found = index.match(text)
    if found is None:
        return None
    if isinstance(found, Ambiguous):
        assert len(set(found.keys)) == len(found.keys) > 1
        return ("ambiguous", set(found.keys))
    return ("matched", found.key, found.values)


def made_literal(rng, pieces):
    return "".join(rng.choice(pieces) for _ in range(rng.randint(1, 3)))


def made_placeholder(rng, name):
    kind = rng.choice([ANY, ANY, DIGITS, LINK])
    longest = rng.choice([None, None, rng.randint(6, 10) if kind is LINK else rng.randint(1, 6)])
    return Placeholder(name, kind, longest)


def made_body(rng, pieces):
    """Literals and placeholders in turn, either of them first and last; never blank."""
    parts = []
    is_literal = rng.random() < 0.7
    for number in range(rng.randint(1, 6)):
        parts.append(made_literal(rng, pieces) if is_literal else made_placeholder(rng, f"p{number}"))
        is_literal = not is_literal
    body = Body(tuple(parts))
    return body if body.names or parts[0].strip() else made_body(rng, pieces)


def made_bodies(rng, pieces, count):
    """A third of them are another one with a part changed, so that ties and near ties come up."""
    bodies = []
    while len(bodies) < count:
        made = made_body(rng, pieces)
        if bodies and rng.random() < 0.33:
            parts = list(rng.choice(bodies).parts)
            at = rng.randrange(len(parts))
            is_literal = isinstance(parts[at], str)
            parts[at] = made_literal(rng, pieces) if is_literal else made_placeholder(rng, parts[at].name)
            made = Body(tuple(parts)) if "".join(p for p in parts if isinstance(p, str)).strip() else made
        bodies.append(made)
    return bodies


def made_cases(seed):
    """A thousand texts with the templates they are looked up in; every tenth seed has enough for an index of pieces."""
    rng = random.Random(seed)
    for _ in range(20):
        pieces = rng.sample(PIECES, rng.randint(3, 8))
        bodies = made_bodies(rng, pieces, 40 if seed % 10 == 0 else rng.randint(1, 8))
        yield list(enumerate(bodies)), [made_text(rng, bodies, pieces) for _ in range(50)]


VALUES = {
    ANY: ["a", "b", "ab 1", "é", "x, a"],
    DIGITS: ["1", "21", "0012"],
    LINK: ["www.a", "http://b.", "a.az/", "b.a.az/1x"],
}


def made_text(rng, bodies, pieces):
    """Half of them from a template, and half of these with a character changed."""
    if rng.random() < 0.4:
        return "".join(rng.choice(pieces) for _ in range(rng.randint(0, 10)))
    body = rng.choice(bodies)
    text = body.render({p.name: rng.choice(VALUES[p.kind]) for p in body.placeholders})
    if rng.random() < 0.5:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["", *pieces]) + text[at + rng.randint(0, 1) :]
    return text


@pytest.fixture
def together(monkeypatch):
    """Index.match, with as few as one candidate sorted out the way that many are."""

    def match(index, text):
        with monkeypatch.context() as changed:
            changed.setattr(index_module, "MANY", 0)
            return answer(index, text)

    return match


@pytest.fixture
def by_tokens(monkeypatch):
    """An index of few templates, sorted out as if they were many."""

    def build(templates):
        with monkeypatch.context() as changed:
            changed.setattr(candidates, "FEW", 0)
            return Index(templates)

    return build


@pytest.mark.parametrize("seed", range(100))
def test_index_and_oracle_agree_on_a_thousand_made_cases(seed, together, by_tokens):
    """100 seeds: 100,000 cases in all."""
    for templates, texts in made_cases(seed):
        index, with_few = Index(templates), by_tokens(templates)
        for text in texts:
            expected = oracle.match(templates, text)
            assert answer(index, text) == expected, (templates, text)
            assert together(index, text) == expected, (templates, text)
            assert answer(with_few, text) == expected, (templates, text)


def test_the_made_cases_hold_every_answer_in_number():
    """Cases that are all misses would prove nothing."""
    count = {"matched": 0, "ambiguous": 0, None: 0}
    for seed in range(10):
        for templates, texts in made_cases(seed):
            index = Index(templates)
            for found in (answer(index, text) for text in texts):
                count[found and found[0]] += 1
    assert min(count.values()) >= 300, count


def index_of(*sources, **kinds):
    """Templates keyed by their own notation."""
    bodies = ((source, parse_body(source)) for source in sources)
    return Index(
        (source, parse_body(source, {name: kinds[name] for name in body.names if name in kinds}))
        for source, body in bodies
    )


def test_the_one_time_password_keeps_its_leading_zeros():
    index = index_of("Sizin təsdiq kodunuz: {code}. Heç kimə verməyin.", code=DIGITS)
    found = index.match("Sizin təsdiq kodunuz: 004217. Heç kimə verməyin.")
    assert found == Matched("Sizin təsdiq kodunuz: {code}. Heç kimə verməyin.", {"code": "004217"}, ())


def test_the_earlier_placeholder_takes_the_shorter_part():
    assert index_of("{a}, {b}").match("1, 2, 3") == Matched("{a}, {b}", {"a": "1", "b": "2, 3"})


def test_a_shorter_part_that_leads_nowhere_is_given_up_for_the_next():
    found = index_of("{name} {code}.", code=DIGITS).match("Əli 5 Vəli 12.")
    assert found == Matched("{name} {code}.", {"name": "Əli 5 Vəli", "code": "12"})


def test_digits_no_longer_swallow_a_sentence():
    index = index_of("Kod: {code}", code=DIGITS)
    assert index.match("Kod: 12. Endirim!") is None
    assert index.match("Kod: 12") == Matched("Kod: {code}", {"code": "12"})


def test_most_literal_characters_win():
    index = index_of("Kod: {code}", "Kod: {code}.", "{all}")
    assert index.match("Kod: 12.") == Matched("Kod: {code}.", {"code": "12"})
    assert index.match("Salam") == Matched("{all}", {"all": "Salam"})


def test_a_text_without_placeholders_beats_every_template_with_some():
    assert index_of("Salam", "Sala{x}").match("Salam") == Matched("Salam", {})


def test_among_equals_the_one_with_more_kinds_wins_and_else_they_tie():
    index = index_of("Kod: {code}", "Kod: {any}", code=DIGITS)
    assert index.match("Kod: 12") == Matched("Kod: {code}", {"code": "12"})
    assert index.match("Kod: x") == Matched("Kod: {any}", {"any": "x"})
    tie = index_of("{a} bc", "ab {c}").match("ab bc")
    assert isinstance(tie, Ambiguous)
    assert set(tie.keys) == {"{a} bc", "ab {c}"}


def test_templates_that_differ_in_names_or_smoothing_alone_tie():
    tie = index_of("Kod: {code}", "Kod: {kod}", "  Kod: {code} ").match("Kod: 1")
    assert isinstance(tie, Ambiguous)
    assert len(tie.keys) == 3


@pytest.mark.parametrize("text", ["kod: 1", "Kod: ", "Kod:1", "Kod: 1\n2", "Kod: 1\u20282", "Kod : 1", "Ko", ""])
def test_nothing_else_is_smoothed_and_no_value_is_empty_or_broken(text):
    assert index_of("Kod: {code}").match(text) is None


@pytest.mark.parametrize(
    ("template", "text", "smoothing"),
    [
        ("Kod:\n{a}", "Kod:\n1", ()),
        ("Kod:\n{a}", "Kod:\r\n1", ("line_ends",)),
        ("Kod:\r\n{a}", "Kod:\n1", ("line_ends",)),
        ("Kod:\r\n{a}", "Kod:\r\n1", ()),
        ("Kod: {a}", " Kod: 1\n", ("outer_space",)),
        ("Kod: {a}. ", "Kod: 1.", ("outer_space",)),
        ("Kod: {a}. ", "Kod: 1. ", ()),
        ("Şifrə: {a}", "S\u0327ifrə: 1", ("nfc",)),
        ("S\u0327ifrə: {a}", "Şifrə: 1", ("nfc",)),
        ("Ad: {a}", "Ad: Ays\u0327ə", ("nfc",)),
        ("Şifrə:\r\n{a}!", "\tS\u0327ifrə:\r1! ", ("nfc", "line_ends", "outer_space")),
    ],
)
def test_the_smoothing_that_was_needed_is_noted(template, text, smoothing):
    found = index_of(template).match(text)
    assert isinstance(found, Matched)
    assert found.smoothing == smoothing


def test_parameters_are_cut_from_the_composed_text():
    assert index_of("Ad: {a}").match("Ad: Ays\u0327ə") == Matched("Ad: {a}", {"a": "Ayşə"}, ("nfc",))


def test_a_letter_is_never_torn_from_its_mark():
    """NFC makes one letter of s and the cedilla, so a literal that ends in s is not in the text."""
    index = index_of("Kod: s{a}", "{b}\u0327 x")
    assert index.match("Kod: s\u0327ifrə") is None
    assert index.match("s\u0327 x") is None
    assert index.match("q\u0327 x") == Matched("{b}\u0327 x", {"b": "q"})


def test_white_space_around_an_outer_placeholder_is_cut_but_not_inside():
    index = index_of(" {a} x {b} ")
    assert index.match("1 x 2") == Matched(" {a} x {b} ", {"a": "1", "b": "2"}, ("outer_space",))
    assert index.match("  1  x  2  ").values == {"a": "1 ", "b": " 2"}


def test_doubled_braces_stand_for_braces_in_the_text():
    assert index_of("{{{a}}} {{x}}").match("{7} {x}") == Matched("{{{a}}} {{x}}", {"a": "7"})


def test_a_link_takes_all_up_to_the_next_white_space_it_may():
    index = index_of("Izləyin: {url} Sağ olun", "Bax {url}.", url=LINK)
    assert index.match("Izləyin: https://shop.example/new/n11 Sağ olun").values == {
        "url": "https://shop.example/new/n11"
    }
    assert index.match("Bax shop.az/a.b/c.").values == {"url": "shop.az/a.b/c"}
    assert index.match("Bax https://a b.") is None
    assert index.match("Bax 12.50/n.") is None


def test_longest_lengths_are_kept():
    index = index_of("{a} {b}", a=Placeholder("a", ANY, 3), b=Placeholder("b", ANY, 4))
    assert index.match("ab c d ef") is None
    assert index.match("abc d ef").values == {"a": "abc", "b": "d ef"}


def test_many_templates_with_the_same_words_are_told_apart_by_what_their_placeholders_take():
    sources = [(number, Placeholder("b", ANY, number)) for number in range(1, 21)]
    index = Index((number, parse_body("A {a} söz {b}.", {"b": longest})) for number, longest in sources)
    assert index.match(f"A x söz {'y' * 20}.") == Matched(20, {"a": "x", "b": "y" * 20})
    assert set(index.match("A x söz yyyyy.").keys) == set(range(5, 21))


@pytest.mark.parametrize(
    "sources",
    [("ab{x}", "cd{x}"), ("{x}ab", "{x}cd"), ("{x}ab{y}", "{x}cd{y}"), ("{x}abcdefghi{y}", "{x}abcdefghj{y}")],
)
def test_templates_without_a_whole_word_are_found_by_parts_of_words(sources):
    index = Index([(source, parse_body(source)) for source in sources])
    for source in sources:
        found = index.match(source.format(x=1, y=2))
        assert isinstance(found, Matched)
        assert found.key == source


def test_an_index_without_templates_matches_nothing():
    assert Index([]).match("Salam") is None
    assert Index([]).match("") is None


literals = st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join)
placeholders = st.one_of(
    st.builds(Placeholder, st.just("p"), st.sampled_from([ANY, DIGITS]), st.none() | st.integers(1, 6)),
    st.builds(Placeholder, st.just("p"), st.just(LINK), st.none() | st.integers(5, 10)),
)


@st.composite
def drawn_bodies(draw):
    """Literals and placeholders in turn, with names of their own."""
    is_literal, parts = draw(st.booleans()), []
    for number in range(draw(st.integers(1, 7))):
        parts.append(draw(literals) if is_literal else replace(draw(placeholders), name=f"p{number}"))
        is_literal = not is_literal
    return Body(tuple(parts))


@settings(max_examples=1000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(drawn_bodies(), min_size=1, max_size=4), st.data())
def test_index_and_oracle_agree_on_whatever_is_drawn(together, bodies, data):
    templates = [(n, body) for n, body in enumerate(bodies) if body.names or body.parts[0].strip()]
    values = {p.name: data.draw(st.sampled_from(VALUES[p.kind])) for p in bodies[0].placeholders}
    text = data.draw(st.just(bodies[0].render(values)) | st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
    index, expected = Index(templates), oracle.match(templates, text)
    assert answer(index, text) == expected
    assert together(index, text) == expected


def crossed(kind):
    """Each of twelve first words with each of twelve second ones; between them a value of this kind."""
    return [(n, parse_body(f"A {{a}} f{n // 12:02} {{b}} s{n % 12:02} {{c}}.", {"b": kind})) for n in range(144)]


FIRSTS, SECONDS = (" ".join(f"{letter}{n:02} 7" for n in range(12)) for letter in "fs")


def test_of_many_templates_whose_words_are_all_there_the_one_that_fits_is_found():
    index = Index(crossed(DIGITS))
    found = index.match(f"A x {FIRSTS} {SECONDS}.")
    assert found == Matched(132, {"a": f"x {FIRSTS[:-6]}", "b": "7", "c": SECONDS[4:]})
    assert index.match(f"A x {SECONDS} {FIRSTS}.") is None


def test_of_many_templates_that_fit_the_most_literal_wins_and_equals_tie():
    text = f"A x {FIRSTS} {SECONDS}."
    assert set(Index(crossed(ANY)).match(text).keys) == set(range(144))
    better = [(144, parse_body("A {a} f03 {b} s05 7 {c}."))]
    assert Index([*crossed(ANY), *better]).match(text).key == 144
