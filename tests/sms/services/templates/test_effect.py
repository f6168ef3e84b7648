"""What a change does to the texts of the last week: one-time passwords, other messages, refused calls."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from providers.base import FIXED_SENDER
from providers.registry import SENDERS
from sms.domain.matching.templates import parse_body, parse_kinds
from sms.models import HourlyOtpShape, Message, MessageTemplate
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.maintenance import retention
from sms.services.provisioning.apply import provision
from sms.services.templates import otp_shapes
from sms.services.templates.effect import effect
from sms.services.templates.unmatched import ApprovedText, approved_texts
from tests.sms import cast

TO = "+994501234567"
CODES = ("482913", "004217", "918273")


class TemplateOnly(cast.TemplateOnly):
    max_length = None
    sender_rule = FIXED_SENDER


@pytest.fixture
def only(db, monkeypatch, settings):
    settings.CONFIGURATION_MAX_AGE = 0.0
    monkeypatch.setitem(SENDERS, TemplateOnly.slug, TemplateOnly)
    monkeypatch.setattr(otp_shapes, "_counter", otp_shapes.ShapeCounter())
    snapshot.reset_cache()
    provider = cast.provider("only", TemplateOnly.slug)
    cast.route("+994", provider)
    cast.client()
    cast.sender("AKINON")
    approval = {"provider": "only", "vendor_template": "7", "status": "approved"}
    provision({"templates": [{"name": "kod", "body": "Kodunuz {code}.", "approvals": [approval]}]})
    return provider


def send(text: str, *, is_otp: bool = True) -> None:
    number = f"+99450{1000000 + Message.objects.count():07}"
    assert cast.send(Client(), cast.body(to=number, text=text, isOtp=is_otp)).status_code == 201


@pytest.fixture
def week(only):
    for code in CODES:
        send(f"Kodunuz {code}.")
    otp_shapes.write()
    Message.objects.update(text=None, raw_text=None, parameters=None)


def then(body: str, **kinds: object) -> list[ApprovedText]:
    return [ApprovedText(1, "kod", parse_body(body, parse_kinds(kinds)))]


def test_no_code_is_stored_and_the_forms_are_counted(week):
    assert list(HourlyOtpShape.objects.values_list("shape", "count")) == [("Kodunuz {######}.", 3)]
    stored = str(list(HourlyOtpShape.objects.values()))
    assert not any(code in stored for code in CODES)


def test_counts_of_several_writes_add_up(week, only):
    send("Kodunuz 111111.")
    otp_shapes.write()
    assert HourlyOtpShape.objects.get().count == 4


@pytest.mark.parametrize(
    ("body", "kinds", "lost"),
    [
        ("Kodunuz {code}.", {}, 0),
        ("Kodunuz {code}.", {"code": "code"}, 0),
        ("Kodunuz {code}.", {"code": {"kind": "digits", "max_length": 6}}, 0),
        ("Kodunuz {code}.", {"code": {"kind": "digits", "max_length": 5}}, 3),
        ("Kodunuz {code}.", {"code": "link"}, 3),
        ("Kod {code}.", {}, 3),
        ("Kodunuz {code}. Paylasmayin.", {}, 3),
    ],
)
def test_an_edit_is_replayed_on_one_time_passwords(body, kinds, lost, week):
    told = effect(approved_texts(), then(body, **kinds))
    assert told.lost == lost
    assert "3 texts of the last week" in str(told) or lost == 0


def test_a_template_that_takes_texts_over_is_told(week):
    now = approved_texts()
    taken_over = ApprovedText(None, "other", parse_body("Kodunuz {digits}."))
    told = effect(now, [*now, taken_over])
    assert (told.lost, told.moved, told.tied) == (0, 0, 3)
    assert str(told).endswith("; 3 would match two templates and be rejected.")
    narrower = ApprovedText(None, "other", then("Kodunuz {code}.", code="digits")[0].body)
    assert effect(now, [*now, narrower]).moved == 3


def test_provision_says_what_it_does_to_the_last_week(week):
    approvals = [{"provider": "only", "vendor_template": "7", "status": "approved", "text": "Yeni kod %1"}]
    file = {"templates": [{"name": "kod", "approvals": approvals}]}
    told = provision(file, check_only=True)
    assert "of 3 texts of the last week 3 would no longer match, and 0 would match another" in told.notes[-1]
    assert provision(file).notes[-1] == told.notes[-1]
    assert not [note for note in provision(file).notes if "last week" in note]


def test_what_is_in_the_last_week_counts_as_often_as_it_came(week, only):
    for _ in range(2):
        send("Kodunuz 555555.", is_otp=False)
    assert effect(approved_texts(), []).lost == 5


def test_forms_are_deleted_after_a_week(week):
    HourlyOtpShape.objects.update(hour=clock.now() - timedelta(days=8))
    assert effect(approved_texts(), []).lost == 0
    while retention.delete_due():
        pass
    assert not HourlyOtpShape.objects.exists()


def test_of_free_text_nothing_is_kept(only, monkeypatch):
    otp_shapes.record(snapshot.latest(), None)
    assert otp_shapes._counter.take() == {}
    assert MessageTemplate.objects.count() == 1


def test_a_process_keeps_a_bounded_number_of_forms():
    counter = otp_shapes.ShapeCounter()
    for number in range(otp_shapes.MOST_SHAPES + 10):
        counter.add(str(number))
    counter.add("1")
    counts = counter.take()
    assert (len(counts), counts["1"]) == (otp_shapes.MOST_SHAPES, 2)


def test_an_approved_text_that_is_invalid_by_the_present_rules_is_left_out(only):
    invalid = MessageTemplate.objects.create(name="old", body="Salam {name}")
    invalid.approvals.create(provider=only, vendor_template="8", status="approved")
    invalid.versions.update(placeholders={"name": {"kind": "code", "min_length": 100}})
    assert [each.template for each in approved_texts()] == ["kod"]
