"""What every sender must do with any text, with the time to live, and with a failed poll."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

from providers.base import HttpRequest, HttpResponse, ProviderError, Refused, ReportChannel
from providers.exchange import exchange_text, hidden_values

from .example import Example

CODE = "004217"
TEXTS = {
    "the end of CDATA": f"{CODE} ]]> 1",
    "markup": f'<b>{CODE} &amp; "c"</b> & d',
    "signs of a form": f"{CODE} 50% + 1=2&a=b?#;",
    "lines": f"{CODE}\n\nsecond line",
    "JSON": f'{{"code": "{CODE}"}}\\n',
    "other letters": f"Şifrəniz {CODE}, код 中文 \U0001f600",
}


def parse_body(request: HttpRequest) -> None:
    """Raises ValueError or SyntaxError, or fails, if the body is not of the type that the request declares."""
    type_ = {name.lower(): value for name, value in request.headers}.get("content-type", "").lower()
    if "json" in type_:
        json.loads(request.body)
    elif "xml" in type_:
        fromstring(request.body)
    elif "form-urlencoded" in type_:
        parse_fields(request.body.decode("ascii"))


def parse_fields(encoded: str) -> None:
    """Raises ValueError, or fails, if it is not form-encoded."""
    parse_qsl(encoded, keep_blank_values=True, strict_parsing=bool(encoded))
    assert encoded.isprintable()
    assert encoded.isascii()
    assert " " not in encoded


class MessageContract:
    """A part of `SenderContract`."""

    def _request(self, example: Example, text: str, **changes: Any) -> tuple[HttpRequest, tuple[str, ...]]:
        """The request for this text, or for parameters with it, and what is hidden where the request is shown."""
        adapter = example.sender()
        names = [name for name, _ in example.sms().parameters]
        sms = example.sms(text=text, parameters=tuple((name, text) for name in names), **changes)
        request = adapter.request(sms)
        return request, (*hidden_values(adapter, sms), *request.hidden)

    @pytest.fixture(params=TEXTS)
    def text(self, example: Example, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
        for limit in ("max_length", "max_value_length"):
            monkeypatch.setattr(example.adapter, limit, None)
        return TEXTS[request.param]

    def test_a_request_is_well_formed_whatever_the_text_is(self, example: Example, text: str) -> None:
        try:
            request, _ = self._request(example, text)
        except Refused:
            return
        parse_body(request)
        parse_fields(urlsplit(request.url).query)

    def test_a_shown_request_has_nothing_of_a_one_time_password(self, example: Example, text: str) -> None:
        try:
            request, hidden = self._request(example, text, is_otp=True)
        except Refused:
            return
        quoted = HttpResponse(400, {"x-echo": request.url}, request.body)
        for exchange in (request, quoted):
            shown = exchange_text(exchange, hidden)
            assert CODE not in shown
            assert text not in shown

    def test_the_time_that_is_left_is_passed_if_the_vendor_takes_one(self, example: Example) -> None:
        """A vendor that accepts no validity period declares it: `takes_validity = False`."""
        adapter = example.sender()
        differs = adapter.request(example.sms(valid_for=600)) != adapter.request(example.sms(valid_for=86_400))
        assert differs == adapter.takes_validity

    def test_the_callback_url_is_passed_if_reports_come_to_it(self, example: Example) -> None:
        adapter = example.sender()
        requests = [adapter.request(example.sms(callback_url=f"https://sms.example/webhooks/{n}")) for n in (1, 2)]
        assert (requests[0] != requests[1]) == (ReportChannel.CALLBACK_PER_ATTEMPT in adapter.reports)

    @pytest.mark.parametrize("body", [b"", b"<html><body>No</body></html>", b"{}"])
    @pytest.mark.parametrize("status", [401, 500])
    def test_a_failed_poll_says_nothing_of_any_message(self, example: Example, status: int, body: bytes) -> None:
        if ReportChannel.POLL in example.adapter.reports:
            with pytest.raises(ProviderError):
                example.sender().poll_outcome(HttpResponse(status, {}, body))
