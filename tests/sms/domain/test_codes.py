"""The table of error codes, the page made from it, and the promises of the interface."""

from __future__ import annotations

from pathlib import Path

import pytest

from sms.domain.codes import BY_NAME, TABLE, Code
from sms.domain.error_docs import document

PAGE = Path(__file__).parents[3] / "docs" / "error-codes.md"

PROMISED = {
    400: "malformed_json required invalid_type blank invalid_characters too_long invalid_phone_number "
    "unsupported_api_version bad_request invalid_parameter",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "payload_too_large",
    414: "uri_too_long",
    415: "unsupported_media_type",
    417: "expectation_failed",
    431: "headers_too_large",
    422: "unknown_sender recipient_blocked destination_not_allowed no_route sender_not_approved template_not_matched "
    "template_ambiguous "
    "text_too_long",
    429: "rate_limited",
    500: "internal_error",
    503: "unavailable",
}


def test_the_page_is_what_the_table_says() -> None:
    assert PAGE.read_text() == document(), "run: python -m sms.domain.error_docs > docs/error-codes.md"


def test_the_codes_are_the_interfaces_in_its_order() -> None:
    promised = [(status, name) for status, names in PROMISED.items() for name in names.split()]
    assert [(code.status, code.name) for code in TABLE] == promised
    assert len(BY_NAME) == len(TABLE)


@pytest.mark.parametrize("code", TABLE, ids=lambda code: code.name)
def test_each_code_tells_people_what_is_wrong_and_what_to_do(code: Code) -> None:
    assert code.fields
    assert code.example
    for words in (code.message, code.action):
        assert words[0].isupper()
        assert words.endswith(".")
