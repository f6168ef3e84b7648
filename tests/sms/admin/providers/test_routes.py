"""The route look-up and the block list."""

from __future__ import annotations

from html import unescape

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile

from sms.models import BlockedNumber, Route
from tests.sms.admin.conftest import PHONE

WHO = "/admin/tools/who-would-carry/"
BLOCK = "/admin/tools/block-list/"


def test_the_route_of_each_client_and_kind_is_told_in_its_order(boss, cast):
    otp = Route.objects.create(prefix="+99450", is_otp=True)
    otp.steps.create(provider=cast.templated, position=1)
    cast.plain.paused = True
    cast.plain.save()
    page = unescape(boss.post(WHO, {"number": "+994 50 123 45 67"}).content.decode())
    assert page.index("+99450</code>") < page.index("+994</code>")
    assert "paused: messages wait or use the next provider" in page
    assert "no_route" in boss.post(WHO, {"number": "+905321234567"}).content.decode()


def test_what_is_no_number_is_said(boss, cast):
    assert "Enter a plus sign" in boss.post(WHO, {"number": "hello"}).content.decode()


def test_the_question_stands_on_the_list_of_routes(boss, cast):
    assert WHO in boss.get("/admin/sms/route/").content.decode()


def test_numbers_are_imported_once_and_mistakes_named_by_their_line(boss, cast):
    lines = f"{PHONE}\n00994501112233, stop\nhello\n\n{PHONE}\n"
    page = boss.post(BLOCK, {"numbers": lines, "reason": "opt-out"}, follow=True).content.decode()
    assert "2 added, 0 already on the list." in page
    assert "line 3: “hello”: Character h (U+0068)" in page
    assert ">\nhello</textarea>" in page  # to be corrected
    assert set(BlockedNumber.objects.values_list("phone", flat=True)) == {PHONE, "+994501112233"}
    again = boss.post(BLOCK, {"numbers": PHONE, "reason": "opt-out"}, follow=True).content.decode()
    assert "0 added, 1 already on the list." in again


def test_as_many_numbers_as_a_file_may_have_can_be_pasted(boss, cast):
    numbers = f"{PHONE},{'x' * 100_000}\n" * 30
    assert boss.post(BLOCK, {"numbers": numbers, "reason": "opt-out"}).status_code == 302
    assert BlockedNumber.objects.count() == 1


@pytest.mark.parametrize(
    ("posted", "told"),
    [
        ({"numbers": PHONE}, "This field is required."),
        ({"numbers": PHONE, "reason": "x" * 201}, "at most 200 characters"),
        ({"reason": "x"}, "Enter numbers or choose a file."),
        ({"numbers": PHONE, "reason": "x", "file": SimpleUploadedFile("a.csv", b"1")}, "choose a file, not both"),
        ({"numbers": f"{PHONE}\0", "reason": "x"}, "Null characters are not allowed."),
        ({"file": SimpleUploadedFile("a.csv", b"\n,,\n"), "reason": "x"}, "Line 1: There is no row to import."),
        ({"file": SimpleUploadedFile("a.csv", "+994501112233,ş".encode("cp1254")), "reason": "x"}, "ş (windows-1254)"),
        ({"file": SimpleUploadedFile("a.xls", b"\xd0\xcf\x11\xe0"), "reason": "x"}, "Line 1: the file is an Excel 97"),
        ({"numbers": PHONE, "reason": "x", "region": "XX"}, "not one of the available choices"),
    ],
)
def test_an_import_that_can_not_be_read_says_why_and_blocks_nothing(posted, told, boss, cast):
    page = boss.post(BLOCK, posted)
    assert told in unescape(page.content.decode())
    assert not BlockedNumber.objects.exists()


def test_a_file_and_the_country_of_its_numbers_are_taken(boss, cast):
    file = SimpleUploadedFile("a.csv", "\ufeffTelefon;X\r\n050 111 22 33;şə\r\n".encode("utf-16"))
    boss.post(BLOCK, {"file": file, "reason": "x", "region": "AZ"})
    assert BlockedNumber.objects.get().phone == "+994501112233"


@pytest.mark.parametrize(
    "number", ["901234567", "0501234567", "501234567", "994501234567", "90 123 45 67", "'901234567'", "٩٠١٢٣٤٥٦٧"]
)
def test_a_number_without_a_country_is_asked_for_and_never_guessed(boss, cast, number):
    lines = f"{PHONE}\n{number}\n00994501112233"
    page = unescape(boss.post(BLOCK, {"numbers": lines, "reason": "opt-out"}, follow=True).content.decode())
    assert "line 2: " in page
    assert "Which country?" in page
    assert set(BlockedNumber.objects.values_list("phone", flat=True)) == {PHONE, "+994501112233"}


def test_an_import_needs_a_reason_and_a_post(boss, cast):
    boss.post(BLOCK, {"numbers": PHONE})
    assert boss.get(BLOCK, {"numbers": PHONE, "reason": "x"}).status_code == 405
    assert not BlockedNumber.objects.exists()


def test_the_log_of_what_staff_did_names_no_blocked_number_in_full(boss, cast):
    boss.post("/admin/sms/blockednumber/add/", {"phone": PHONE, "reason": "opt-out"})
    boss.post(f"/admin/sms/blockednumber/{BlockedNumber.objects.get().pk}/delete/", {"post": "yes"})
    assert not BlockedNumber.objects.exists()
    assert [entry.object_repr for entry in LogEntry.objects.all()] == ["+994•••••••67"] * 2
