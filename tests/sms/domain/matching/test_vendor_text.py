"""A vendor's registered text, read from its notation and written into it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.domain.matching.templates import Body, Placeholder, TemplateError
from sms.domain.matching.vendor_text import VendorText, of_body, read_vendor_text, unknown_names, write_vendor_text

ORDER = [("name", "customer"), ("order", "order_code")]


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("Hello %1, order %2", "Hello {name}, order {order}"),
        ("Hello %2, order %1", "Hello {order}, order {name}"),
        ("Hello %1$s, order %2$s", "Hello {name}, order {order}"),
        ("Hello {customer}, order {order_code}", "Hello {name}, order {order}"),
        ("Hello {name}, order {order}", "Hello {name}, order {order}"),
        ("{{order_code}} {{ customer }}", "{order} {name}"),
        ("{2} {1}", "{order} {name}"),
        ("{#var#} and {#var#}", "{name} and {order}"),
        ("##order_code## / ##customer##", "{order} / {name}"),
        ("%s x %d", "{name} x {order}"),
        ("[Shop] Hello %1, order %2", "[Shop] Hello {name}, order {order}"),
        ("100 % safe: %1 %2", "100 % safe: {name} {order}"),
        ("<customer>, <order_code>", "{name}, {order}"),
        ("Hello ${customer} {order_code}", "Hello ${name} {order}"),
        ("{Müştəri adı}: {Sifariş nömrəsi}", "{name}: {order}"),
        ("%first% x %second%", "{name} x {order}"),
        ("{1} {0}", "{order} {name}"),
        # Places are written in ASCII digits; digits of another script are part of the text.
        ("%1٣ %2۴", "{name}٣ {order}۴"),
        ("%2$s१ %1$s", "{order}१ {name}"),
    ],
)
def test_a_text_is_read_in_the_notation_that_fits(text, body):
    assert read_vendor_text(text, ORDER).body([ours for ours, _ in ORDER]) == body


@pytest.mark.parametrize(
    "text",
    [
        "Hello %1",
        "Hello %1 %2 %3",
        "Hello %1 %1",
        "Hello %1 %3",
        "Hello %1 and {2}",
        "Hello %1 %2 {name}",
        "Hello {name} {nobody}",
        "Hello",
        "%1%2",
        "{٠} {١}",
        "{1٣} {2}",
        "{{1}} {{2٣}}",
    ],
)
def test_a_text_with_other_parameters_is_refused(text):
    with pytest.raises(TemplateError):
        read_vendor_text(text, ORDER)


def test_of_two_readings_the_one_that_the_template_has_is_meant():
    order = [("price", "price")]
    assert read_vendor_text("Cost ${price}", order, known=["Cost ${price}"]) == VendorText(("Cost $", 0))
    assert read_vendor_text("Cost ${price}", order, known=["Cost {price}"]) == VendorText(("Cost ", 0))
    with pytest.raises(TemplateError, match=r"in two ways: “Cost \$\{price\}”, “Cost \{price\}”"):
        read_vendor_text("Cost ${price}", order)


def test_a_template_without_placeholders_takes_a_text_without_parameters():
    assert read_vendor_text("Your order is ready. 100%", []) == VendorText(("Your order is ready. 100%",))
    with pytest.raises(TemplateError):
        read_vendor_text("Your code is %1", [])


LITERALS = st.text(st.sampled_from("a %1s{}$#<>[]x2"), min_size=1, max_size=8)


@given(st.lists(LITERALS, min_size=1, max_size=4), st.booleans())
def test_what_is_written_for_a_vendor_is_read_back_as_it_was(literals, named):
    parts: list[str | Placeholder] = []
    for place, literal in enumerate(literals):
        parts += [literal, Placeholder(f"p{place}")]
    body = Body(tuple(parts))
    order = [(name, f"{name}_theirs") for name in reversed(body.names)]
    written = write_vendor_text(body, order, named=named)
    assert read_vendor_text(written, order, known=[body.source]) == of_body(body, order)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Hello {first}, order {second}", ["first", "second"]),
        ("Hello ##first##, order ##second##", ["first", "second"]),
        ("Hello {customer}, order {order_code}", []),
        ("Hello {name}, order {order}", []),
        ("Hello %1, order %2", []),
        ("Hello {1}, order {2}", []),
        ("Hello {#var#}, order {#var#}", []),
        ("[Shop] [News] %1 %2", []),
        ("Hello {first}", []),
        ("Hello {first}, order {second}, ##third##, ##fourth##", []),
        ("Hello %s, order %s", []),
        ("Hello", []),
    ],
)
def test_names_that_are_not_those_of_the_parameters_are_found(text, names):
    assert unknown_names(text, ORDER) == names
