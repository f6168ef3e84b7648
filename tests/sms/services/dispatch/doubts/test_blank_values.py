"""A value of white space alone, which a vendor may take for a missing parameter: that says nothing of the approval."""

from __future__ import annotations

import json

import pytest

from providers.base import HttpResponse
from tests.sms.services.dispatch.doubts.vendor import approve, doubts, make_due, open_alerts, state


@pytest.fixture
def strict(shop, vendor, wire):
    """The vendor refuses a blank value as it refuses an unknown template, as smsplus.az may."""

    def answer(request):
        blank = any(not value.strip(" \u00a0\u200b\ufeff") for value in json.loads(request.body)["values"])
        return HttpResponse(422, {}, b"no-template") if blank else vendor(request)

    wire.always["first.example"] = answer
    return approve("greeting", shop.first, "7", body="Salam {name}, kod {code}")


def test_it_stops_no_other_message_with_the_template(shop, strict, wire, work):
    shop.set_route(shop.first)
    poison = shop.message("Salam  , kod 1")
    work()
    good = shop.message("Salam Aysel, kod 2")
    for _ in range(3):
        make_due()
        work()
    assert (state(poison), poison.code) == ("failed", "no-template")
    assert state(good) == "submitted"
    assert doubts() == []
    assert open_alerts() == []


@pytest.mark.parametrize("value", [" ", "\u00a0", "\u200b\ufeff"], ids=ascii)
def test_the_next_provider_gets_the_message(shop, strict, wire, work, value):
    poison = shop.message(f"Salam {value}, kod 1")
    work()
    assert state(poison) == "submitted"
    assert wire.texts("second.example") == [f"Salam {value}, kod 1"]
    assert doubts() == []
