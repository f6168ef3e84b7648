"""Where a raw call's fields may be: further down, in the JSON of a form's field, in names with brackets."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from sms.services.webhooks.payload import Fields, RawCall, field_groups, parse_records
from tests.sms.services.webhooks.test_payload import END, FORM, MULTIPART, TEXT, as_json, part


def groups(value):
    return [[dict(fields) for fields in group] for group in field_groups(Fields(value))]


@pytest.mark.parametrize(
    "call",
    [
        RawCall(content_type=FORM, body=b"data=" + quote(as_json({"text": TEXT})).encode()),
        RawCall(content_type=FORM, body=b"data=" + quote(as_json([{"text": TEXT}])).encode()),
        RawCall(content_type=FORM, body=b"data=" + quote(as_json({"sms": {"text": TEXT}})).encode()),
        RawCall(
            content_type=MULTIPART,
            body=part(as_json({"text": TEXT}), "Content-Type: application/json", name="x", more='; filename="blob"')
            + END,
        ),
    ],
)
def test_the_only_field_of_a_form_may_hold_json(call):
    (record,) = parse_records(call)
    assert [fields["text"] for group in field_groups(record) for fields in group if "text" in fields] == [TEXT]


BRACKETS = {
    "an object": (b"event=sms&data[text]=a&data[from]=b", [{"event": "sms", "text": "a", "from": "b"}]),
    "escaped": (b"data%5Btext%5D=%D0%BA", [{"text": "к"}]),
    "an array": (
        b"reports[0][id]=1&reports[1][id]=2&reports[0][state]=a&reports[1][state]=b",
        [{"id": "1", "state": "a"}, {"id": "2", "state": "b"}],
    ),
    "an array without numbers": (b"data[][text]=a", [{"text": "a"}]),
    "values alone": (b"to[0]=1&to[1]=2", []),
    "a bracket that is open": (b"data[text=a", []),
    "a name that is taken": (b"data=x&data[text]=a", []),
}


@pytest.mark.parametrize(("body", "inner"), BRACKETS.values(), ids=BRACKETS)
def test_names_with_brackets_are_inner_fields_as_php_writes_them(body, inner):
    (record,) = parse_records(RawCall(content_type=FORM, body=body))
    plain = [[{name: fields[name] for name in fields if "[" not in name} for fields in g] for g in field_groups(record)]
    assert plain[1:] == ([inner] if inner else [])


def test_names_with_brackets_are_inner_fields_of_a_query_too():
    (record,) = parse_records(RawCall(query=b"key=1&data[text]=a&data%5Bfrom%5D=b"))
    assert record["data"] == [{"text": "a", "from": "b"}]


def test_fields_may_stand_further_down():
    assert groups({"a": 1, "data": {"b": 2}})[1:] == [[{"a": 1, "b": 2}]]
    assert groups({"a": 1, "data": {"reports": [{"b": 2}, {"b": 3}]}})[1:] == [
        [{"a": 1, "reports": [{"b": 2}, {"b": 3}]}],
        [{"a": 1, "b": 2}, {"a": 1, "b": 3}],
    ]
    assert groups({"a": {"b": {"c": {"d": {"e": 1}}}}})[-1] == [{"d": {"e": 1}}]
