"""No field, header, query or path causes a 5xx or an HTML page."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from sms.services.webhooks import tokens
from tests.sms import cast
from tests.sms.cast import body, send
from tests.sms.naughty import STRINGS

BAD_VALUES = [0, -1, 1.5, 1e308, True, False, None, [], [[]], {}, {"a": 1}, ["+994501234567"]]


def keeps_the_format(response: Any) -> None:
    assert response.status_code < 500, response.content
    if response.status_code >= 400:
        assert response["Content-Type"] == "application/json"
        for error in response.json()["errors"]:
            assert set(error) == {"code", "field", "message"}
            assert all(isinstance(value, str) for value in error.values())
    assert response.headers.get("Content-Type", "application/json") == "application/json"


@pytest.mark.parametrize("string", STRINGS.values(), ids=STRINGS)
def test_through_every_field(caller: Client, string: str) -> None:
    for field in ("from", "to", "text", "isOtp", "campaign"):
        for to in (cast.FREE_TO, cast.TEMPLATE_TO):
            keeps_the_format(send(caller, body(to=to) | {field: string}))


@pytest.mark.parametrize("field", ["from", "to", "text", "isOtp"])
def test_values_of_other_types(caller: Client, field: str) -> None:
    for value in BAD_VALUES:
        keeps_the_format(send(caller, body() | {field: value}))


@pytest.mark.parametrize("string", STRINGS.values(), ids=STRINGS)
def test_through_headers_queries_paths_and_keys(caller: Client, string: str) -> None:
    header = string.encode()[:8000].decode("latin-1")
    for name in ("x-akinon-request-id", "x-akinon-api-version", "content-type", "accept", "x-forwarded-for"):
        keeps_the_format(send(caller, **{name.replace("-", "_"): header}))
    keeps_the_format(send(caller, authorization=header))
    keeps_the_format(send(caller, authorization=cast.basic(string, string)))
    escaped = quote(string[:2000], safe="")
    for name in ("request_id", "to", "status", "limit", "cursor", escaped or "x"):
        keeps_the_format(caller.get(f"/messages?{name}={escaped}", headers={"authorization": cast.basic()}))
    keeps_the_format(caller.get(f"/messages/{escaped}", headers={"authorization": cast.basic()}))
    keeps_the_format(caller.get(f"/{escaped}"))
    keeps_the_format(caller.get(f"/webhooks/{escaped}/{escaped}"))
    keeps_the_format(send(caller, body() | {string: string}))


@pytest.mark.parametrize("string", STRINGS.values(), ids=STRINGS)
def test_through_webhooks(caller: Client, string: str) -> None:
    from sms.models import Provider

    address = f"/webhooks/{cast.FreeText.slug}/{tokens.provider_token(Provider.objects.get(slug='free').pk)}"
    escaped = quote(string[:2000], safe="")
    assert caller.get(f"{address}?id={escaped}&{escaped}=1").status_code == 200
    for raw in (string.encode(), json.dumps({"id": string, "status": string}).encode(), f"id={escaped}".encode()):
        response = caller.post(address, raw, content_type=string.encode()[:300].decode("latin-1"))
        assert response.status_code in (200, 413)
