"""Property tests of the parsers: they return a value or raise Refusal, and nothing else."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sms.api import request_ids, strict_json
from sms.api.authentication import credentials
from sms.api.fields import parse_fields
from sms.api.messages import parameters
from sms.api.send_sms import check_content_type
from sms.domain.codes import BY_NAME, Refusal
from sms.services.intake.client_ip import parse_hop

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**300), 10**300) | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    SCALARS | TEXT, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=15
)


def refusal_or(call: Any, *words: Any, **more: Any) -> Any:
    """The value or the refusal, whose codes are in the table."""
    try:
        found = call(*words, **more)
    except Refusal as refusal:
        found = refusal
    assert not isinstance(found, Refusal) or all(fault.code in BY_NAME for fault in found.faults)
    return found


@given(st.dictionaries(TEXT, VALUES, max_size=6))
def test_every_object_comes_back_as_it_was(value: dict[str, Any]) -> None:
    for ascii_alone in (True, False):
        assert strict_json.parse_object(json.dumps(value, ensure_ascii=ascii_alone).encode()) == value


@given(st.binary(max_size=200) | TEXT.map(str.encode))
@example(b'{"a":' * 5000)
@example(b'{"\\ud800":1}')
@example(b'"' * 20_000)
def test_any_bytes_are_an_object_or_malformed(body: bytes) -> None:
    found = refusal_or(strict_json.parse_object, body)
    assert isinstance(found, dict) or found.code.name == "malformed_json"


@given(st.dictionaries(st.sampled_from(["from", "to", "text", "isOtp", "x"]), VALUES))
def test_any_values_are_fields_or_faults(values: dict[str, Any]) -> None:
    found = refusal_or(parse_fields, values, escape="outside_urls", version="")
    if isinstance(found, Refusal):
        assert found.code.status == 400
        assert len({fault.field for fault in found.faults}) == len(found.faults)
    else:
        assert found.text.strip()
        assert len(found.text) <= 1600


@given(TEXT | st.binary(max_size=60).map(lambda raw: "Basic " + base64.b64encode(raw).decode()))
def test_any_authorization_is_credentials_or_none(header: str) -> None:
    found = credentials(header)
    assert found is None or ":" not in found[0]


@given(st.text(max_size=200))
def test_any_request_id_is_kept_in_128_visible_characters(header: str) -> None:
    kept = request_ids.storable(header)
    assert 1 <= len(kept) <= 128
    assert all("!" <= character <= "~" for character in kept)


@given(TEXT)
def test_any_address_and_content_type_can_be_read(word: str) -> None:
    parse_hop(word)
    refusal_or(check_content_type, word)


@pytest.mark.django_db
@given(st.dictionaries(st.sampled_from(["to", "status", "limit", "cursor", "request_id", "x"]), TEXT, max_size=4))
def test_any_query_is_read_or_named(query: dict[str, str]) -> None:
    from django.http import QueryDict
    from django.utils.http import urlencode

    found = refusal_or(parameters, QueryDict(urlencode(query)))
    if isinstance(found, Refusal):
        assert found.faults[0].field in query
