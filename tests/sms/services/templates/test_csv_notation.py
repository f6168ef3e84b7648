"""Placeholders and parameters in a spreadsheet's cells: read as people write them, and written so."""

from __future__ import annotations

import pytest

from sms.domain.matching.placeholders import TemplateError, parse_kinds
from sms.services.templates.csv_notation import (
    read_parameters,
    read_placeholders,
    written_parameters,
    written_placeholders,
)

PLACEHOLDERS = {
    "": {},
    "code: digits": {"code": "digits"},
    "code: code 4-8": {"code": {"kind": "code", "min_length": 4, "max_length": 8}},
    "code: code 4-": {"code": {"kind": "code", "min_length": 4}},
    "name: name -30; code: digits": {"name": {"kind": "name", "max_length": 30}, "code": "digits"},
    "url: link shop.example m.shop.example": {"url": {"kind": "link", "hosts": ["shop.example", "m.shop.example"]}},
    "rest: any with_links": {"rest": {"kind": "any", "allow_links": True}},
}
OTHER_SPELLINGS = {
    "code:digits": {"code": "digits"},
    " code : Digits , 6 ; ": {"code": {"kind": "digits", "min_length": 6, "max_length": 6}},
    "code: code 4–8": {"code": {"kind": "code", "min_length": 4, "max_length": 8}},
    "code: code 4 - 8": {"code": {"kind": "code", "min_length": 4, "max_length": 8}},
    "code: digits\nname: name": {"code": "digits", "name": "name"},
    '{"code": {"kind": "digits", "max_length": 8}}': {"code": {"kind": "digits", "max_length": 8}},
}
BAD_PLACEHOLDERS = {
    "digits": "write each placeholder with its kind, such as code: digits 4-8",
    "code: digits; code: name": "code occurs twice",
    '["code"]': "write each placeholder with its kind",
    '{"code": ': "write each placeholder with its kind",
    '{"a": "digits", "a": "name"}': "a occurs twice",
    "code: digits many": "'many' is neither lengths such as 4-8 nor a host name",
    "code:": "write each placeholder with its kind",
    ": digits": "write each placeholder with its kind",
    "[" * 50_000: "write each placeholder with its kind",
    "code: digits " + "9" * 5_000: "is neither lengths",
}
PARAMETERS = {
    "": [],
    "name, order": ["name", "order"],
    "name, order=order_code": ["name", {"order": "order_code"}],
    "name": ["name"],
}


@pytest.mark.parametrize(("cell", "value"), [*PLACEHOLDERS.items(), *OTHER_SPELLINGS.items()])
def test_placeholders_are_read_as_people_write_them(cell, value):
    assert read_placeholders(cell) == value
    parse_kinds(value)


@pytest.mark.parametrize(("cell", "value"), PLACEHOLDERS.items())
def test_placeholders_are_written_as_people_write_them(cell, value):
    assert written_placeholders(value) == cell


@pytest.mark.parametrize(("cell", "words"), BAD_PLACEHOLDERS.items(), ids=[cell[:20] for cell in BAD_PLACEHOLDERS])
def test_what_is_no_placeholder_is_said(cell, words):
    with pytest.raises(TemplateError) as told:
        read_placeholders(cell)
    assert words in str(told.value)
    assert len(str(told.value)) < 300


@pytest.mark.parametrize(("cell", "value"), PARAMETERS.items())
def test_parameters_are_read_and_written_as_people_write_them(cell, value):
    assert read_parameters(cell) == value
    assert written_parameters(value) == cell


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('["name", {"order": "order_code"}]', ["name", {"order": "order_code"}]),
        ("name; order", ["name", "order"]),
        ("name, order = order_code", ["name", {"order": "order_code"}]),
        ("name,order=müştəri,", ["name", {"order": "müştəri"}]),
    ],
)
def test_other_spellings_of_parameters_are_read(cell, value):
    assert read_parameters(cell) == value


@pytest.mark.parametrize("cell", ["name,,order", "= order_code", "name =", '{"name": 1}', "[" * 50_000])
def test_what_is_no_list_of_parameters_is_said(cell):
    with pytest.raises(TemplateError, match="write the parameters in the vendor's order, such as name, order"):
        read_parameters(cell)


@pytest.mark.parametrize("value", [["a=b"], [{"name": "x, y"}], [{"name": "x; y"}], ["{"], [{"a": " b"}]])
def test_parameters_that_the_notation_can_not_hold_are_written_as_json(value):
    assert read_parameters(written_parameters(value)) == value
