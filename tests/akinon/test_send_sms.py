"""The platform's contract for SMS Flows, sentence by sentence.

    pytest tests/akinon --url https://sms.example --user akinon:PASSWORD
    … --from AKINON --to +994501234567 --text "A text that may be sent"      with the sentences that send a message

Quotations are the document's own words. Without --url the product itself is tried.
"""

from __future__ import annotations

import json
import uuid

import pytest

# --- "Response 201 (with no body)" --------------------------------------------------------------


def test_a_message_that_is_taken_is_answered_201_with_no_body(endpoint, message):
    answer = endpoint.call(message)
    assert (answer.status, answer.body) == (201, b"")
    assert answer.headers.get("content-length") == "0"


def test_is_otp_is_optional_and_may_be_false(endpoint, message):
    assert endpoint.call({**message, "isOtp": False}).status == 201


def test_both_headers_are_for_tracing_and_may_be_left_out(endpoint, message):
    assert endpoint.call(message, x_akinon_request_id=None, x_akinon_api_version=None).status == 201


def test_a_repeat_with_the_same_request_id_is_answered_201_again(endpoint, message):
    request_id = str(uuid.uuid4())
    answers = [endpoint.call(message, x_akinon_request_id=request_id) for _ in range(2)]
    assert [(answer.status, answer.body) for answer in answers] == [(201, b"")] * 2


def test_slash_n_is_taken_as_an_escape_for_a_new_line(endpoint, message):
    assert endpoint.call({**message, "text": "/n" + message["text"]}).status in (201, 422)


def test_keys_that_the_document_does_not_name_are_ignored(endpoint, message):
    assert endpoint.call({**message, "channel": "web"}).status == 201


def test_a_slash_at_the_end_of_the_address_changes_nothing(endpoint, message):
    assert endpoint.call(message, path="/send-sms/").status == 201


def test_a_chunked_body_is_a_body(endpoint, message):
    assert endpoint.call(message, chunked=True).status == 201


# --- "Username for basic authentication" ----------------------------------------------------------


@pytest.mark.parametrize("login", ["stranger:wrong", "akinon:", ":", "akinon"])
def test_wrong_credentials_are_401_in_the_format(endpoint, broken, login):
    answer = endpoint.call(broken, login=login)
    assert (answer.status, answer.codes()) == (401, {("unauthorized", "")})
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_no_credentials_are_401_in_the_format(endpoint, broken):
    answer = endpoint.call(broken, Authorization=None)
    assert (answer.status, answer.codes()) == (401, {("unauthorized", "")})


def test_a_password_is_never_a_bearer_token(endpoint, broken):
    assert endpoint.call(broken, Authorization=f"Bearer {endpoint.password}").status == 401


# --- "Request Body raw (json)" ---------------------------------------------------------------------


@pytest.mark.parametrize("field", ["from", "to", "text"])
def test_a_field_that_is_missing_is_named(endpoint, broken, field):
    del broken[field]
    answer = endpoint.call(broken)
    assert answer.status == 400
    assert ("required", field) in answer.codes()


def test_every_field_at_fault_is_named(endpoint):
    answer = endpoint.call({"isOtp": "yes"})
    assert answer.codes() == {
        ("required", "from"),
        ("required", "to"),
        ("required", "text"),
        ("invalid_type", "isOtp"),
    }


@pytest.mark.parametrize("field", ["from", "to", "text"])
@pytest.mark.parametrize("value", [7, 7.5, True, [], {}])
def test_a_value_of_another_type_is_refused(endpoint, broken, field, value):
    answer = endpoint.call({**broken, field: value})
    assert answer.status == 400
    assert ("invalid_type", field) in answer.codes()


@pytest.mark.parametrize("value", ["true", 1, 0, [], ""])
def test_is_otp_is_true_or_false(endpoint, broken, value):
    answer = endpoint.call({**broken, "isOtp": value})
    assert answer.status == 400
    assert ("invalid_type", "isOtp") in answer.codes()


def test_null_counts_as_an_absent_is_otp(endpoint, broken):
    answer = endpoint.call({**broken, "isOtp": None})
    assert answer.status == 400
    assert "isOtp" not in {field for _, field in answer.codes()}


@pytest.mark.parametrize("to", ["905323001020", "00905323001020", "+90 532 300 10 20", "+90532300102", "+0", "AKINON"])
def test_to_is_in_e164_format(endpoint, broken, to):
    answer = endpoint.call({**broken, "to": to})
    assert (answer.status, answer.codes()) == (400, {("invalid_phone_number", "to")})


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b'{"from": NaN}', b'{"to": 1, "to": 2}'])
def test_what_is_no_json_object_is_refused(endpoint, body):
    answer = endpoint.call(body)
    assert (answer.status, answer.codes()) == (400, {("malformed_json", "")})


def test_another_content_type_is_refused(endpoint, broken):
    assert endpoint.call(json.dumps(broken).encode(), Content_Type="text/xml").status == 415


# --- "If any errors are encountered … reported in the format below" ---------------------------------


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_another_method_is_405_in_the_format(endpoint, method):
    answer = endpoint.call(method=method)
    assert (answer.status, answer.codes()) == (405, {("method_not_allowed", "")})
    assert "POST" in answer.headers["allow"]


def test_another_path_is_404_in_the_format(endpoint):
    answer = endpoint.call(method="GET", path="/no-such-place")
    assert (answer.status, answer.codes()) == (404, {("not_found", "")})


def test_a_body_of_a_megabyte_is_413_in_the_format(endpoint):
    answer = endpoint.call(b" " * 1_000_000)
    assert (answer.status, answer.codes()) == (413, {("payload_too_large", "")})


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*;q=0"])
def test_accept_changes_neither_status_nor_format(endpoint, broken, accept):
    answer = endpoint.call(broken, Accept=accept)
    assert (answer.status, answer.codes()) == (400, {("invalid_phone_number", "to")})


def test_a_post_is_never_redirected(endpoint, broken):
    assert {endpoint.call(broken, path=path).status for path in ("/send-sms", "/send-sms/")} == {400}


def test_the_request_id_comes_back_with_every_answer(endpoint, broken):
    request_id = str(uuid.uuid4())
    assert endpoint.call(broken, x_akinon_request_id=request_id).headers["x-akinon-request-id"] == request_id


# --- what becomes of a message ------------------------------------------------------------------------


def test_a_taken_message_is_found_again_by_its_request_id(endpoint, message):
    request_id = str(uuid.uuid4())
    assert endpoint.call(message, x_akinon_request_id=request_id).status == 201
    answer = endpoint.call(method="GET", path=f"/messages?request_id={request_id}")
    if answer.status == 403:
        pytest.skip("this caller may not read messages (read_messages = false)")
    [found] = json.loads(answer.body)["results"]
    assert (found["request_id"], found["to"]) == (request_id, message["to"])
