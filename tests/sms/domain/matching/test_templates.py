"""Reading and writing templates, kinds of placeholders, vendors' limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.domain.matching.templates import (
    Body,
    Placeholder,
    PlaceholderKind,
    TemplateError,
    limits_problem,
    parse_body,
    parse_kinds,
    quoted,
)

ANY, DIGITS, LINK = PlaceholderKind.ANY, PlaceholderKind.DIGITS, PlaceholderKind.LINK


def test_a_body_is_read_into_literals_and_placeholders_in_order():
    body = parse_body("Hello {name}, order {order_2}.", {"order_2": DIGITS})
    assert body.parts == ("Hello ", Placeholder("name"), ", order ", Placeholder("order_2", DIGITS), ".")
    assert body.names == ("name", "order_2")
    assert body.literal_length == len("Hello , order .")
    assert body.render({"name": "Aygün", "order_2": "007"}) == "Hello Aygün, order 007."


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("no placeholder", ("no placeholder",)),
        ("{a}", (Placeholder("a"),)),
        ("{{a}} {b} {{", ("{a} ", Placeholder("b"), " {")),
        ("{{{a}}}", ("{", Placeholder("a"), "}")),
        ("{_}x{_1}", (Placeholder("_"), "x", Placeholder("_1"))),
        ("a\r\n\tb", ("a\r\n\tb",)),
    ],
)
def test_braces_are_doubled_to_stand_for_themselves(source, parts):
    assert parse_body(source).parts == parts
    assert parse_body(source).source == source


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "blank"),
        (" \n\t", "blank"),
        ("a {} b", "Character 3: '' is no name"),
        ("{1a}", "Character 1: '1a' is no name"),
        ("{a-b}", "'a-b' is no name"),
        ("{ad }", "'ad ' is no name"),
        ("{ad\n}", "is no name"),
        ("{sifariş}", "'sifariş' is no name"),
        ("{a\u202e}", "'a\\u202e' is no name"),
        ("x {a} {b} {a}", "Character 11: {a} is there already"),
        ("x{a}{b}", "Character 5: {b} stands right beside {a}"),
        ("{{{a}{b}", "Character 6: {b} stands right beside {a}"),
        ("x {a", "Character 3: this { is not closed"),
        ("{a{b}}", "Character 1: this { is not closed"),
        ("x}", "Character 2: this } closes nothing"),
        ("{a}}", "Character 4: this } closes nothing"),
        ("a\x00b", "Character 2: \\u0000"),
        ("a\x85", "Character 2: \\u0085"),
        ("ab\ud800", "Character 3: \\ud800"),
    ],
)
def test_a_body_that_cannot_be_is_refused_with_the_place_and_the_reason(source, words):
    with pytest.raises(TemplateError) as refused:
        parse_body(source)
    assert words in str(refused.value)


def test_kinds_may_be_kinds_or_whole_placeholders():
    kinds = {"a": Placeholder("whatever", DIGITS, 6), "b": LINK}
    assert parse_body("{a} {b} {c}", kinds).placeholders == (
        Placeholder("a", DIGITS, 6),
        Placeholder("b", LINK),
        Placeholder("c"),
    )


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ({"b": DIGITS}, "no placeholder b"),
        ({"a": Placeholder("a", ANY, 0)}, "max_length is 0"),
        ({"a": Placeholder("a", LINK, 4)}, "takes 5 or more"),
    ],
)
def test_kinds_that_cannot_be_are_refused(kinds, words):
    with pytest.raises(TemplateError, match=words):
        parse_body("x {a}", kinds)


def test_the_provisioning_forms_of_kinds_are_read():
    given_ = {"a": "digits", "b": {"kind": "link", "max_length": 30}, "c": {"max_length": 5}, "d": {}}
    assert parse_kinds(given_) == {
        "a": Placeholder("a", DIGITS),
        "b": Placeholder("b", LINK, 30),
        "c": Placeholder("c", ANY, 5),
        "d": Placeholder("d"),
    }
    assert parse_kinds({}) == {}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "must be a table"),
        (["digits"], "must be a table"),
        ({"1a": "digits"}, "'1a' is no name"),
        ({3: "digits"}, "'3' is no name"),
        ({"a": "money"}, "a: there is no kind 'money'"),
        ({"a": "DIGITS"}, "a: there is no kind 'DIGITS'"),
        ({"a": None}, "a: write a kind"),
        ({"a": {"kind": 3}}, "a: there is no kind '3'"),
        ({"a": {"kind": "any", "max": 3}}, "a: unknown key max"),
        ({"a": {"max_length": "3"}}, "whole number"),
        ({"a": {"max_length": True}}, "whole number"),
        ({"a": {"max_length": 3.0}}, "whole number"),
        ({"a": {"max_length": 0}}, "max_length is 0"),
        ({"a": {"max_length": -1}}, "max_length is -1"),
        ({"a": {"kind": "link", "max_length": 4}}, "takes 5 or more"),
    ],
)
def test_malformed_kinds_are_refused_in_words(value, words):
    with pytest.raises(TemplateError) as refused:
        parse_kinds(value)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("placeholder", "value", "taken"),
    [
        (Placeholder("a"), "Aygün 12", True),
        (Placeholder("a"), "", False),
        (Placeholder("a"), "a\nb", False),
        (Placeholder("a"), "a\u2028b", False),
        (Placeholder("a", ANY, 3), "abc", True),
        (Placeholder("a", ANY, 3), "abcd", False),
        (Placeholder("a", DIGITS), "004217", True),
        (Placeholder("a", DIGITS), "٣٤", False),
        (Placeholder("a", DIGITS), "12a", False),
        (Placeholder("a", DIGITS), "12\n", False),
        (Placeholder("a", LINK), "https://x", True),
        (Placeholder("a", LINK), "https://", False),
        (Placeholder("a", LINK), "HTTP://shop.example/a?b=c#d", True),
        (Placeholder("a", LINK), "Www.x", True),
        (Placeholder("a", LINK), "www.", False),
        (Placeholder("a", LINK), "shop.az/", True),
        (Placeholder("a", LINK), "m.shop-1.co.uk/x", True),
        (Placeholder("a", LINK), "shop.az", False),
        (Placeholder("a", LINK), "shop.AZ/x", False),
        (Placeholder("a", LINK), "mağaza.az/x", False),
        (Placeholder("a", LINK), ".az/x", False),
        (Placeholder("a", LINK), "12.50/x", False),
        (Placeholder("a", LINK), "https://x y", False),
        (Placeholder("a", LINK), "https://x\n", False),
        (Placeholder("a", LINK), "see https://x", False),
        (Placeholder("a", LINK), "httpſ://x", False),
        (Placeholder("a", LINK, 9), "https://xy", False),
    ],
)
def test_a_placeholder_takes_what_its_kind_and_length_allow(placeholder, value, taken):
    assert placeholder.accepts(value) is taken


@pytest.mark.parametrize("shortest", ["www.x", "a.az/"])
def test_no_link_is_shorter_than_the_least_length_that_kinds_allow(shortest):
    link = Placeholder("a", LINK)
    assert len(shortest) == link.shortest
    assert link.accepts(shortest)
    assert not any(link.accepts(shortest[:end]) for end in range(len(shortest)))


def test_rendering_needs_every_value():
    with pytest.raises(TemplateError, match="No value for b, c"):
        parse_body("{a} {b} {c}").render({"a": "1"})


BODY = parse_body("Kod: {code}, {name} {order}", {"code": DIGITS})


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({}, None),
        ({"max_parameters": 3, "max_length": 11, "parameters": ["order", "code", "name"]}, None),
        ({"max_parameters": 2}, "has 3 placeholders; this vendor accepts at most 2"),
        ({"max_length": 10}, "shortest text has 11 characters; this vendor accepts at most 10"),
        ({"parameters": ["order", "code", "title", "name"]}, "name title, which the template does not have"),
        ({"parameters": ["order", "code"]}, "leave out name"),
        ({"parameters": ["order", "code", "name", "code"]}, "name code more than once"),
    ],
)
def test_a_template_that_can_never_fit_a_vendor_is_named_with_the_reason(limits, words):
    problem = limits_problem(BODY, **limits)
    assert (problem is None) if words is None else (words in problem)


literals = st.text("aB {}}{ş\n\u0301😀", min_size=1, max_size=6).filter(str.strip)


longest = st.none() | st.integers(6, 20)


@st.composite
def bodies(draw):
    count = draw(st.integers(0, 4))
    placeholders = [Placeholder(f"p{i}", draw(st.sampled_from(PlaceholderKind)), draw(longest)) for i in range(count)]
    inner = [draw(literals) for _ in range(count + 1)]
    parts = [part for pair in zip(inner, [*placeholders, None], strict=True) for part in pair if part]
    first, last = (draw(st.booleans()), draw(st.booleans())) if count else (True, True)
    return Body(tuple(parts[0 if first else 1 : len(parts) if last else -1]))


@given(bodies())
def test_a_body_written_out_is_read_back_as_it_was(body):
    assert parse_body(body.source, parse_kinds(body.kinds)) == body


@given(st.text("{}a", max_size=8))
def test_every_notation_is_either_refused_or_read_back_as_it_was(source):
    try:
        body = parse_body(source)
    except TemplateError:
        return
    assert body.source == source
    assert body.min_length == body.literal_length + len(body.names)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1).filter(str.strip))
def test_a_quoted_text_is_a_body_that_gives_this_text_alone(raw):
    body = parse_body(quoted(raw))
    assert body.parts == (raw,)
    assert body.render({}) == raw
