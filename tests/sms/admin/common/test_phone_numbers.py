"""Numbers are accepted in any common notation; a country is never guessed."""

from __future__ import annotations

from html import unescape

import pytest

from sms.domain.phone import PhoneError, parse
from sms.models import BlockedNumber, RentedNumber, Route
from tests.sms.admin.conftest import PHONE, RENTED

SPELLINGS = (
    "{0} {1} {2} {3}",
    "\u202a{0} ({1}) {2}-{3}\u202c",
    "{0}\u00a0{1}\u2009{2}\u2011{3}",
    "00{0}.{1}/{2}{3}",
    "tel:{0}-{1}-{2}-{3}",
    "\\u202a{0}{1}{2}{3}\\u202c",  # as a page shows a pasted bidi mark
)


def spelled(number: str, spelling: str) -> str:
    parts = (number[:4], number[4:6], number[6:9], number[9:])
    if spelling.startswith("00"):
        parts = (number[1:4], *parts[1:])
    return spelling.format(*parts)


def written(number: str) -> list[str]:
    full_width = "".join(chr(ord(character) + 0xFEE0) for character in number)
    arabic = number.translate({ord("0") + digit: 0x660 + digit for digit in range(10)})
    return [*(spelled(number, spelling) for spelling in SPELLINGS), full_width, arabic, f" {number}\t"]


def answer(browser, address: str, **posted: str) -> str:
    return unescape(browser.post(address, posted).content.decode())


LISTS = {
    "message": PHONE,
    "refusedrequest": PHONE,
    "blockednumber": "+994509998877",
    "rentednumber": RENTED,
    "inboundmessage": RENTED,
    "inboundpush": RENTED,
}


@pytest.mark.parametrize(("model", "number"), LISTS.items())
def test_a_search_finds_a_number_however_it_is_written(model, number, boss, cast):
    cast.everything()
    address = f"/admin/sms/{model}/"
    whole = boss.get(address, {"q": number}).context["cl"].result_list
    assert whole
    for term in (*written(number), number.removeprefix("+")):
        assert list(boss.get(address, {"q": term}).context["cl"].result_list) == list(whole), term


@pytest.mark.parametrize(("model", "number"), LISTS.items())
def test_a_search_for_a_national_number_asks_for_the_country(model, number, boss, cast):
    cast.everything()
    page = boss.get(f"/admin/sms/{model}/", {"q": "0" + number[4:]})
    assert not page.context["cl"].result_list
    assert "Which country?" in page.content.decode()
    assert "Which country?" not in boss.get(f"/admin/sms/{model}/", {"q": number}).content.decode()
    assert "Which country?" not in boss.get(f"/admin/sms/{model}/", {"q": "req-1"}).content.decode()


def test_what_a_caller_wrote_in_place_of_a_number_is_found_as_it_is(boss, cast):
    cast.refusal(to="0501234567", request_id="national")
    for address in ("/admin/sms/refusedrequest/", "/admin/sms/message/"):
        page = boss.get(address, {"q": "0501234567"}).content.decode()
        assert "template_not_matched" in page, address


def test_a_search_of_routes_reads_the_start_of_a_number(boss, cast):
    Route.objects.create(prefix="+99450").steps.create(provider=cast.plain, position=1)
    found = lambda term: {  # noqa: E731
        route.prefix for route in boss.get("/admin/sms/route/", {"q": term}).context["cl"].result_list
    }
    assert found("+994 5") == found("00 994-5") == found("＋٩٩٤٥") == {"+99450"}
    assert found("+") == found("") == {"+994", "+99450"}
    assert found("050") == set()
    assert "Which country?" in boss.get("/admin/sms/route/", {"q": "050"}).content.decode()
    assert "Character x (U+0078)" in boss.get("/admin/sms/route/", {"q": "x"}).content.decode()


def test_the_block_list_takes_a_number_however_it_is_written(boss, cast):
    for term in written(PHONE):
        boss.post("/admin/sms/blockednumber/add/", {"phone": term, "reason": "opt-out"})
        assert [blocked.phone for blocked in BlockedNumber.objects.all()] == [PHONE], term
        BlockedNumber.objects.all().delete()


def test_a_rented_number_is_taken_however_it_is_written(boss, cast):
    partner = cast.partner()
    for term in written(RENTED):
        facts = {"phone": term, "partner": str(partner.pk), "operation_id": "7", "active": "on"}
        boss.post("/admin/sms/rentednumber/add/", facts)
        assert [rented.phone for rented in RentedNumber.objects.all()] == [RENTED], term
        RentedNumber.objects.all().delete()


def test_a_route_takes_the_start_of_a_number_however_it_is_written(boss, cast):
    step = {"steps-TOTAL_FORMS": "1", "steps-INITIAL_FORMS": "0", "steps-0-position": "1"}
    step |= {"steps-0-provider": str(cast.plain.pk)}
    facts = {"enabled": "on", "otp_ttl": "60", "ttl": "3600", "share_moves": "off", "is_otp": "", "client": "", **step}
    page = boss.post("/admin/sms/route/add/", {"prefix": "00 90 (5", **facts})
    assert page.status_code == 302, page.context["errors"]
    assert Route.objects.filter(prefix="+905").exists()
    assert "Which country?" in answer(boss, "/admin/sms/route/add/", prefix="905", **facts)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("050 123 45 67", "Which country?"),
        ("901234567", "Which country?"),
        ("+99450123456O", "Character O (U+004F)"),
        ("+994 050 123 45 67", "leave out the zero"),
        ("hello", "Character h"),
    ],
)
def test_every_form_says_what_is_wrong_with_a_number(typed, told, boss, cast):
    partner = cast.partner()
    assert told in answer(boss, "/admin/sms/blockednumber/add/", phone=typed, reason="x")
    facts = {"phone": typed, "partner": str(partner.pk), "operation_id": "7"}
    assert told in answer(boss, "/admin/sms/rentednumber/add/", **facts)
    asked = {"client": "akinon", "sender": "AKINON", "to": typed, "text": "Hello"}
    assert told in answer(boss, "/admin/tools/test-a-text/", **asked)
    assert not BlockedNumber.objects.exists()
    assert not RentedNumber.objects.exists()


def test_a_text_is_tested_with_a_number_however_it_is_written(boss, cast):
    for term in written(PHONE):
        asked = {"client": "akinon", "sender": "AKINON", "to": term, "text": "Hello Aysel, it is on its way."}
        page = boss.post("/admin/tools/test-a-text/", asked)
        assert page.context["form"].cleaned_data["to"] == PHONE, term


def test_the_look_up_of_routes_reads_a_number_however_it_is_written(boss, cast):
    for term in (*written(PHONE), "+994 50", "00994"):
        page = answer(boss, "/admin/tools/who-would-carry/", number=term)
        assert "+994</code>" in page, term
    for term in ("050 123 45 67", "994501234567"):
        assert "Which country?" in answer(boss, "/admin/tools/who-would-carry/", number=term)


def test_the_api_takes_none_of_these_spellings(cast):
    for term in written(PHONE):
        with pytest.raises(PhoneError):
            parse(term)
