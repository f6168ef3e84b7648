"""Delivery reports as vendors really send them: whose each is, and what is said where it can't be read."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from providers.base import NO_REPORT, HttpResponse, MessageState, Report
from providers.vendors.accolades import Accolades
from providers.vendors.etelecom import ETelecom
from sms.models import Alert, Callback, DeliveryReport, Message, Provider
from sms.services.database import clock
from sms.services.reports import receive as reports_receive
from sms.services.reports import unmatched
from sms.services.webhooks import tokens
from sms.services.webhooks.payload import Fields
from tests.sms.services.fakes import TextVendor

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=frontier"


@pytest.fixture
def sent(shop, wire, work):
    """A message that the first provider took, waiting for its report."""
    message = shop.message()
    work()
    return message


def receive(provider_id, attempt_id, body=b"", content_type=FORM, *, query=b"", content_encoding=""):
    """A call at the attempt's or the provider's address, read as a dispatcher would."""
    reports_receive.store_callback(
        provider_id=provider_id,
        attempt_id=attempt_id,
        address=tokens.attempt_token(provider_id, attempt_id) if attempt_id else tokens.provider_token(provider_id),
        method="POST" if body else "GET",
        query=query,
        content_type=content_type,
        content_encoding=content_encoding,
        body=body,
        source="192.0.2.1",
    )
    reports_receive.read_pending()


def at_attempt(message, body=b"", content_type=FORM, **more):
    attempt = message.attempts.get()
    receive(attempt.provider_id, attempt.pk, body, content_type, **more)


def state_of(message):
    return Message.objects.get(pk=message.pk).status


def alerts():
    return list(Alert.objects.filter(closed_at=None).values_list("key", flat=True))


# --- whose it is ---------------------------------------------------------------------------------

SPELLINGS = {
    "as we gave it": str,
    "in capitals": lambda id_: str(id_).upper(),
    "without dashes": lambda id_: id_.hex,
    "in capitals without dashes": lambda id_: id_.hex.upper(),
    "in braces": lambda id_: f"{{{id_}}}",
    "as a URN": lambda id_: id_.urn,
    "in blanks": lambda id_: f" {id_}\n",
    "empty": lambda _: "",
    "blank": lambda _: " ",
    "null": lambda _: None,
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_our_own_id_counts_in_any_spelling_and_none_at_the_attempts_address_too(sent, spelling):
    fields = {"id": spelling(sent.attempts.get().pk), "state": "sent"}
    at_attempt(sent, json.dumps(fields).encode(), "application/json")
    assert (state_of(sent), DeliveryReport.objects.get().applied, alerts()) == ("sent", True, [])


def test_a_report_without_an_id_field_is_about_the_address_attempt(sent):
    at_attempt(sent, query=b"state=sent")
    assert (state_of(sent), alerts()) == ("sent", [])


@pytest.mark.parametrize("names", [str.upper, str.title, lambda name: f" {name} "])
def test_names_count_in_any_letter_case(sent, names):
    at_attempt(sent, urlencode({names("id"): str(sent.attempts.get().pk), names("state"): "sent"}).encode())
    assert (state_of(sent), alerts()) == ("sent", [])


def test_every_vendors_names_count_in_any_letter_case():
    accolades = Accolades(base_url="https://a.example", credentials={}, options={})
    assert accolades.read_reports(Fields({"ID": "x", "STATUS": "sent", "TYPE": "deliveryReport"})) == [
        Report(MessageState.SENT, reference="x", code="sent")
    ]
    etelecom = ETelecom(base_url="https://e.example", credentials={}, options={})
    [report] = etelecom.read_reports(Fields({"IDOMNIMESS": "7", "STATUS": "FAIL"}))
    assert (report.vendor_id, report.state) == ("7", MessageState.UNDELIVERED)


WRONG = {
    "another id": b"id=0190aa00-0000-7000-8000-000000000001&state=sent",
    "a word": b"id=order-7&state=sent",
    "half an id": b"id=0190aa00&state=sent",
    "two ids": b"id=&id=0190aa00-0000-7000-8000-000000000001&state=sent",
    "two names": b"ID=&Id=0190aa00-0000-7000-8000-000000000001&state=sent",
    "an id that can't be read": b"id=%FF&state=sent",
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
def test_an_id_of_no_attempt_is_stored_and_raises_an_alert(sent, body):
    at_attempt(sent, body)
    assert (state_of(sent), DeliveryReport.objects.get().applied) == ("submitted", False)
    assert "report-unapplied:first" in alerts()


def test_a_report_that_the_state_refuses_is_no_alert(sent):
    for state in ("sent", "unknown", "sent"):
        at_attempt(sent, f"state={state}&n={Callback.objects.count()}".encode())
    assert (state_of(sent), alerts()) == ("sent", [])


def test_an_id_that_stays_unknown_raises_an_alert_until_no_more_come(shop):
    polled = Provider.objects.create(slug="polled", vendor="polledvendor", base_url="https://polled.example")
    shop.set_route(polled)
    receive(polled.pk, None, b"id=V-1&state=delivered")
    for minutes, expected in ((0, []), (9, []), (11, ["report-unmatched:polled"]), (25 * 60, [])):
        DeliveryReport.objects.update(received_at=clock.now() - timedelta(minutes=minutes))
        unmatched.update_alerts()
        assert alerts() == expected


# --- what it came in -------------------------------------------------------------------------------


def part(name: str, value: bytes, *headers: str) -> bytes:
    lines = [f'Content-Disposition: form-data; name="{name}"', *headers]
    return b"--frontier\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n" + value + b"\r\n"


def bodies(id_: str) -> dict[str, tuple[str, bytes]]:
    report = {"id": id_, "state": "sent", "detail": "şifre"}
    as_json = json.dumps(report, ensure_ascii=False)
    return {
        "multipart": (
            MULTIPART,
            part("id", id_.encode())
            + part("state", b"sent")
            + part("detail", "şifre".encode("cp1254"), "Content-Type: text/plain; charset=windows-1254")
            + b"--frontier--\r\n",
        ),
        "a declared charset": (f"{FORM}; charset=iso-8859-9", urlencode(report, encoding="iso-8859-9").encode()),
        "utf-16": ("application/json", as_json.encode("utf-16")),
        "a byte order mark": ("application/json; charset=utf-8", as_json.encode("utf-8-sig")),
        "an array": ("application/json", f"[{as_json}]".encode()),
        "one level down": (
            "application/json",
            f'{{"state": "ok", "id": 5, "data": {as_json}}}'.encode(),
        ),
        "a named array": ("application/json", f'{{"event": "report", "reports": [{as_json}]}}'.encode()),
        "an array of inner objects": ("application/json", f'[{{"report": {as_json}}}]'.encode()),
        "JSON in a form": (FORM, urlencode({"data": f"[{as_json}]"}).encode()),
        "JSON as a form": (FORM, as_json.encode()),
        "names with brackets": (FORM, urlencode({f"reports[0][{n}]": v for n, v in report.items()}).encode()),
        "a line end after a form": (FORM, urlencode(report).encode() + b"\r\n"),
        "a C string": ("application/json", as_json.encode() + b"\0"),
        "the id outside": (
            "application/json",
            json.dumps({"id": id_, "report": {"state": "sent", "detail": "şifre"}}).encode(),
        ),
        "beside an inner object of another kind": (
            "application/json",
            json.dumps({**report, "client": {"id": 3, "state": "active"}}).encode(),
        ),
    }


@pytest.mark.parametrize("name", bodies(""))
def test_a_report_is_applied_from_every_kind_of_body(sent, name):
    content_type, body = bodies(str(sent.attempts.get().pk))[name]
    at_attempt(sent, body, content_type)
    report = DeliveryReport.objects.get()
    assert (state_of(sent), report.applied, report.detail) == ("sent", True, "şifre")
    assert (Callback.objects.get().note, alerts()) == ("", [])


def test_a_gzipped_report_is_applied_and_is_another_call_than_the_same_bytes_without(sent):
    body = gzip.compress(b"state=sent")
    at_attempt(sent, body)
    at_attempt(sent, body, content_encoding="gzip")
    assert state_of(sent) == "sent"
    assert Callback.objects.count() == 2


def test_all_reports_of_an_array_are_applied(shop, wire, work):
    polled = Provider.objects.create(slug="polled", vendor="polledvendor", base_url="https://polled.example")
    shop.set_route(polled)
    first, second = shop.message("a"), shop.message("b")
    wire.script("polled.example", HttpResponse(200, body=b"V-1"), HttpResponse(200, body=b"V-2"))
    work()
    states = [{"ID": f"V-{n}", "State": "delivered"} for n in (1, 2)]
    receive(polled.pk, None, json.dumps({"reports": states}).encode(), "application/json")
    assert (state_of(first), state_of(second)) == ("delivered", "delivered")


UNREADABLE = {
    "XML": ("application/xml", b"<report id='1' state='sent'/>", "XML"),
    "half a multipart form": (MULTIPART, part("state", b"sent"), "multipart"),
    "half a gzip": (FORM, b"\x1f\x8b\x08", "neither"),
    "words": ("text/plain", b"sent", "neither"),
    "half a JSON": ("application/json", b'{"state": "sent"', "neither"),
    "an unknown charset": ("application/json; charset=klingon", b'{"state": "sent"}', "klingon"),
}


@pytest.mark.parametrize(("content_type", "body", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_callback_is_stored_with_the_reason_and_raises_an_alert(sent, content_type, body, reason):
    at_attempt(sent, body, content_type)
    callback = Callback.objects.get()
    assert callback.note.startswith("could not be read: ")
    assert reason in callback.note
    assert bytes(callback.body) == body
    assert (state_of(sent), alerts()) == ("submitted", ["unread-report:first"])


def test_a_report_counts_though_a_field_beside_it_can_not_be_read(sent):
    """Its detail is in a charset that nobody declared; id and state are ASCII."""
    at_attempt(sent, f"id={sent.attempts.get().pk}&state=sent&detail=%FE".encode())
    assert (state_of(sent), DeliveryReport.objects.get().detail) == ("sent", "")
    assert Callback.objects.get().note == "could not be read: detail: it is not UTF-8, and no charset is declared"
    assert alerts() == ["unread-report:first"]


def test_fields_without_a_report_raise_an_alert_and_an_empty_call_does_not(sent):
    at_attempt(sent)
    assert (Callback.objects.get().note, alerts()) == ("no delivery report was found in it", [])
    at_attempt(sent, b"something=else")
    assert alerts() == ["unread-report:first"]


NO_REPORTS = {
    "alone": (b'{"event": "received"}', 0),
    "in an inner object": (b'{"data": {"event": "received"}}', 0),
    "beside a report": (b'[{"event": "received"}, {"state": "sent"}]', 1),
    "around a report": (b'{"event": "received", "data": {"state": "sent"}}', 1),
}


@pytest.mark.parametrize("way", ["read_reports", "read"])
@pytest.mark.parametrize(("body", "reports"), NO_REPORTS.values(), ids=NO_REPORTS)
def test_an_event_that_is_no_report_is_kept_and_opens_no_alert(sent, monkeypatch, way, body, reports):
    def read_reports(_, values):
        state = [Report(MessageState(values["state"]))] if "state" in values else []
        return state or ([NO_REPORT] if "event" in values else [])

    def read(self, callback):
        found = json.loads(callback.body)
        return [report for values in (found if isinstance(found, list) else [found, *found.values()])
                if isinstance(values, dict) for report in read_reports(self, values)]  # fmt: skip

    monkeypatch.setattr(TextVendor, way, {"read": read, "read_reports": read_reports}[way])
    at_attempt(sent, body, "application/json")
    callback = Callback.objects.get()
    assert (bytes(callback.body), callback.note) == (body, "")
    assert callback.read_at is not None
    assert (DeliveryReport.objects.count(), alerts()) == (reports, [])
    assert state_of(sent) == ("sent" if reports else "submitted")
