"""Phone numbers: strict at our own endpoint, looser where gateways write them."""

import pytest

from sms.domain import phone


@pytest.mark.parametrize(
    "value",
    ["+994501234567", "+905323001020", "+40721234567", "+84901234567", "+15550001234", "+79088081050", "+80012345678"],
)
def test_a_number_in_e164_form_is_taken_as_it_is(value):
    assert phone.parse(value) == value


@pytest.mark.parametrize(
    ("value", "flaw"),
    [
        ("", "empty"),
        ("994501234567", "no plus"),
        ("00994501234567", "zeros for the plus"),
        ("+994501234567\n", "a trailing new line"),
        (" +994501234567", "a leading blank"),
        ("+994 50 123 45 67", "blanks inside"),
        ("+994-501234567", "a hyphen"),
        ("+٩٩٤٥٠١٢٣٤٥٦٧", "Arabic digits"),
        ("+99450123456７", "a full-width digit"),
        ("+994501", "six digits"),
        ("+1234567890123456", "sixteen digits"),
        ("++994501234567", "two pluses"),
        ("+994501234567x1", "an extension"),
        ("+9940501234567", "the trunk zero, so another E.164 form"),
        ("+99450123456", "too short for its country"),
        ("+9945012345678", "too long for its country"),
        ("+15551234", "possible as a local number only"),
        ("+999501234567", "no such country"),
        ("+0994501234567", "a country code of zero"),
    ],
)
def test_anything_else_is_refused_without_naming_the_number(value, flaw):
    with pytest.raises(phone.PhoneError) as refused:
        phone.parse(value)
    assert "501234" not in str(refused.value), flaw


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+994501234567", "+994501234567"),
        ("00994501234567", "+994501234567"),
        ("994501234567", "+994501234567"),
        (" 994501234567\n", "+994501234567"),
        ("79088081050", "+79088081050"),
    ],
)
def test_a_gateway_may_write_plus_zeros_or_bare_digits(written, number):
    assert phone.parse_loose(written) == number


@pytest.mark.parametrize(
    "written", ["", "AKINON", "8400", "0501234567", "501234567", "+994", "٩٩٤٥٠١٢٣٤٥٦٧", "+00994501234567"]
)
def test_what_does_not_read_as_an_international_number_is_none(written):
    assert phone.parse_loose(written) is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("+994501234567", "+994•••••••67"),
        ("+15550001234", "+1••••••••34"),
        ("994501234567", "••••••••••67"),
        ("8400", "••••"),
        ("AKINON", "••••••"),
        ("", ""),
        ("x" * 5000, "•" * 20),
        ("\u202e12345\n", "•••••••"),
    ],
)
def test_masking_shows_the_country_code_and_two_digits_at_most(value, shown):
    assert phone.masked(value) == shown
