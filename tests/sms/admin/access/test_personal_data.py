"""Forgetting and exporting one number: by command and in the admin, in any spelling, in every table."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection

from sms.domain.spellings import spellings
from sms.models import (
    Alert,
    BlockedNumber,
    Callback,
    HourlyDelivery,
    InboundCall,
    InboundGateway,
    InboundMessage,
    Message,
    MessageOutcome,
    PersonalDataRecord,
    ProviderState,
    RefusedRequest,
    RollupHour,
    Route,
    VendorDescription,
)
from sms.services.configuration.digests import pseudonym
from sms.services.database.clock import now
from sms.services.intake.block_list import is_blocked
from sms.services.monitoring import hourly_stats
from sms.services.objectives.measuring import Period, measure
from tests.sms.admin.conftest import PHONE
from tests.sms.descriptions import description

OTHER = "+994557654321"
CODE = "482913"
LIST, FORGET = "/admin/sms/personaldatarecord/", "/admin/tools/forget-number/"
NATIONAL = PHONE.removeprefix("+994")
SPELLINGS = [
    PHONE,
    PHONE[1:],
    f"00{PHONE[1:]}",
    f"+994 {NATIONAL[:2]} {NATIONAL[2:5]} {NATIONAL[5:7]} {NATIONAL[7:]}",
    f"+994 ({NATIONAL[:2]}) {NATIONAL[2:5]}-{NATIONAL[5:7]}-{NATIONAL[7:]}",
    f"+994 (0) {NATIONAL}",
    f"0{NATIONAL}",
    f"(0{NATIONAL[:2]}) {NATIONAL[2:]}",
    NATIONAL,
    f"to=%2B{PHONE[1:]}&id=1",
    f"%20{PHONE[1:]}%20",
    f'{{"to":"\\u002b{PHONE[1:]}"}}',
    PHONE[1:].translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
    f"to\u00a0{NATIONAL[:2]}\u00a0{NATIONAL[2:]}",
]


def dump() -> str:
    """Every value of every table, as text."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                found += [
                    bytes(v).decode(errors="replace") if isinstance(v, bytes | memoryview) else str(v) for v in row
                ]
    return "\n".join(found)


def as_text(value: object) -> str:
    return bytes(value).decode(errors="replace") if isinstance(value, bytes | memoryview) else str(value)


def forget(number: str = PHONE, reason: str = "request of the person") -> str:
    out = StringIO()
    call_command("forget_number", number, reason=reason, stdout=out)
    return out.getvalue()


def export(number: str = PHONE) -> dict:
    out = StringIO()
    call_command("export_number", number, stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture
def kept(cast, boss) -> Message:
    """The number and a code in every place that may hold them."""
    message = cast.message(
        "submitted",
        is_otp=True,
        text=f"Kod: {CODE}",
        raw_text=f"Kod: {CODE}",
        parameters={"code": CODE},
        request_id=f"otp-{PHONE[1:]}",
        detail=f"sent {CODE}",
        repeat_key="a" * 64,
    )
    attempt = cast.attempt(
        message,
        raw_request=f"to={PHONE}&text={CODE}",
        raw_response=f"ok {CODE}",
        detail=f"{CODE} to {SPELLINGS[3]}",
        vendor_message_id=f"{PHONE[1:]}-1",
    )
    cast.report(attempt, detail=f"{CODE} delivered", reference=PHONE)
    MessageOutcome.objects.create(message=message, attempt=attempt, outcome="not_received", at=now())
    call = {"provider": cast.plain, "address_digest": "a" * 64, "method": "POST", "received_at": now()}
    call |= {"last_received_at": now(), "read_at": now()}
    Callback.objects.create(attempt=attempt, body_digest="b" * 64, body=f"text={CODE}".encode(), **call)
    Callback.objects.create(body_digest="c" * 64, body=gzip.compress(f"to={PHONE[1:]}".encode()), **call)
    Callback.objects.create(body_digest="d" * 64, body=PHONE.encode("utf-16-le"), query=f"to={PHONE}".encode(), **call)
    message.events.create(at=now(), kind="resent", actor="x", reason=f"{PHONE} called", detail={"to": int(PHONE[1:])})
    cast.received(text=f"my number is {SPELLINGS[4]}")
    cast.refusal(to=PHONE, shape="Kod ######")
    cast.refusal(to=PHONE[1:], request_id=f"r {NATIONAL}")
    Alert.objects.create(key="k", severity="warning", title="t", advice=f"The vendor said {CODE}", opened_at=now())
    ProviderState.objects.update_or_create(provider=cast.plain, defaults={"last_error_detail": f"bad text {CODE}"})
    user = get_user_model().objects.first()
    LogEntry.objects.create(user=user, object_repr=PHONE, change_message=f"by {SPELLINGS[5]}", action_flag=CHANGE)
    Route.history.model.objects.create(
        id=1, prefix="+994", history_date=now(), history_type="+", history_change_reason=f"for {PHONE}"
    )
    return message


def test_nothing_of_the_number_or_the_code_is_left(kept, cast):
    other = cast.message("submitted", to=OTHER, text=f"The courier is {SPELLINGS[3]}")
    assert spellings(PHONE).search(dump())
    told = forget()
    after = dump()
    assert [match[0] for match in spellings(PHONE).finditer(after)] == []
    assert CODE not in after
    assert "sms_message: " in told
    assert PHONE not in told
    other.refresh_from_db()
    assert other.to == OTHER
    assert other.text == f"The courier is {pseudonym(PHONE)}"


def test_rows_states_and_times_stay(kept):
    before = Message.objects.count(), RefusedRequest.objects.count(), InboundMessage.objects.count()
    forget()
    assert (Message.objects.count(), RefusedRequest.objects.count(), InboundMessage.objects.count()) == before
    row = Message.objects.get(pk=kept.pk)
    assert (row.status, row.created_at, row.provider_id) == (kept.status, kept.created_at, kept.provider_id)
    assert (row.to, row.text, row.repeat_key) == (pseudonym(PHONE), None, None)
    assert row.erased_at is not None
    assert row.attempts.get().outcome == "accepted"
    assert not MessageOutcome.objects.exists()


def test_the_figures_by_country_stay(kept):
    period = Period(now() - timedelta(hours=2), now() + timedelta(seconds=1), now())

    def figures() -> tuple[list[str], set[str]]:
        RollupHour.objects.update(rolled_at=None)
        hourly_stats.roll_up(50)
        rows = HourlyDelivery.objects.values_list("country", flat=True)
        return sorted(rows), {about.country for about in measure(period, [])}

    MessageOutcome.objects.all().delete()
    before = figures()
    assert set(before[0]) == before[1] == {"AZ"}
    forget()
    assert figures() == before


@pytest.mark.parametrize("number", [SPELLINGS[2], SPELLINGS[3], SPELLINGS[4], SPELLINGS[5]])
def test_the_command_takes_any_spelling_with_plus_or_00(number, kept):
    forget(number)
    assert not Message.objects.filter(to=PHONE).exists()


@pytest.mark.parametrize("number", ["hello", "", "+", "+12", "0501234567", "+994 50 123", "+99450123456789012"])
def test_a_number_that_cannot_be_read_is_told_and_nothing_changes(number, cast):
    cast.message("submitted")
    for command, options in (("forget_number", {"reason": "x"}), ("export_number", {})):
        with pytest.raises(CommandError, match="The number can't be read: "):
            call_command(command, number, **options)
    assert Message.objects.filter(to=PHONE).exists()
    assert not PersonalDataRecord.objects.exists()


def test_a_reason_is_required_and_the_record_names_no_number(kept):
    with pytest.raises(CommandError, match="Say why"):
        forget(reason=" ")
    forget(reason=f"letter of the owner of {SPELLINGS[3]}")
    record = PersonalDataRecord.objects.get()
    assert record.reason == f"letter of the owner of {pseudonym(PHONE)}"
    assert (record.kind, record.actor, record.rows["sms_message"] >= 1) == (
        "forgotten",
        "manage.py forget_number",
        True,
    )
    assert PHONE[1:] not in str(PersonalDataRecord.objects.values().get())


def test_what_waits_is_stopped_and_what_is_being_sent_refuses(cast):
    queued, held, doubt = cast.message("queued"), cast.message("held"), cast.message("queued", in_doubt=True)
    sending = cast.message("sending")
    with pytest.raises(CommandError, match="being sent at this moment"):
        forget()
    queued.refresh_from_db()
    assert (queued.status, queued.to) == ("queued", PHONE)
    sending.delete()
    forget()
    assert [Message.objects.get(pk=m.pk).status for m in (queued, held, doubt)] == [
        "canceled",
        "canceled",
        "unconfirmed",
    ]


def test_a_text_to_somebody_else_that_waits_is_left_as_it_was_accepted(cast):
    waiting = cast.message("queued", to=OTHER, text=f"The courier is {PHONE}")
    forget()
    waiting.refresh_from_db()
    assert waiting.text == f"The courier is {PHONE}"


def test_a_received_call_that_was_not_read_yet_is_erased_and_never_read(cast):
    gateway = InboundGateway.objects.create(slug="modem-9")
    InboundCall.objects.create(gateway=gateway, method="POST", body=f"from={PHONE}".encode(), received_at=now())
    other = InboundCall.objects.create(gateway=gateway, method="POST", body=b"from=+994557654321", received_at=now())
    forget()
    assert [(call.pk == other.pk, call.body is None) for call in InboundCall.objects.filter(read_at=None)] == [
        (True, False)
    ]


def test_a_blocked_number_stays_blocked(cast):
    BlockedNumber.objects.create(phone=PHONE, reason="opt-out of Aysel")
    forget()
    assert list(BlockedNumber.objects.values_list("phone", "reason")) == [(pseudonym(PHONE), "")]
    assert is_blocked(PHONE)
    assert not is_blocked(OTHER)
    BlockedNumber.objects.create(phone=PHONE)
    forget()
    assert BlockedNumber.objects.count() == 1


def test_a_number_of_ours_is_refused(cast):
    cast.received()
    rented = InboundMessage.objects.get().to
    with pytest.raises(CommandError, match="rented number of ours"):
        forget(rented)


def test_forgetting_twice_or_an_unknown_number_changes_nothing(kept):
    forget()
    assert "No data about this number was stored" in forget()
    assert "No data about this number was stored" in forget(OTHER)


def test_the_export_holds_everything_and_leaves_a_record(kept, monkeypatch, cast):
    found = export()
    assert found["number"] == PHONE
    assert CODE in json.dumps(found["sms_message"])
    for table in (
        "attempt",
        "callback",
        "deliveryreport",
        "messageevent",
        "messageoutcome",
        "inboundmessage",
        "refusedrequest",
    ):
        assert found[f"sms_{table}"], table
    assert found["django_admin_log"]
    assert found["sms_historicalroute"]
    record = PersonalDataRecord.objects.get()
    assert (record.kind, record.rows["sms_message"]) == ("exported", 1)
    assert PHONE[1:] not in str(PersonalDataRecord.objects.values().get())
    forget()
    assert not any(rows for table, rows in export().items() if table != "number")


def test_staff_with_the_permission_forget_a_number(boss, kept):
    assert "forget-title" in boss.get(LIST).content.decode()
    form = {"number": SPELLINGS[3], "reason": "request of the person"}
    assert "required" in boss.post(FORGET, form).content.decode()  # the box is not ticked
    assert Message.objects.filter(to=PHONE).exists()
    assert boss.post(FORGET, form | {"confirm": "on"}).status_code == 302
    assert not Message.objects.filter(to=PHONE).exists()
    record = PersonalDataRecord.objects.get()
    assert record.reason in boss.get(LIST).content.decode()
    assert boss.get(f"{LIST}{record.pk}/change/").status_code == 200


def test_a_number_that_cannot_be_read_is_told_on_the_page(boss, cast):
    page = boss.post(FORGET, {"number": "0501234567", "reason": "x", "confirm": "on"}).content.decode()
    assert "be read" in page


@pytest.mark.parametrize("role", ["Viewer", "Operator", "Template editor"])
def test_others_may_not(role, person, cast):
    cast.message("submitted")
    form = {"number": PHONE, "reason": "x", "confirm": "on"}
    assert person(role).post(FORGET, form).status_code == 403
    assert Message.objects.filter(to=PHONE).exists()


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_number_is_found_in_any_spelling(text):
    assert spellings(PHONE).search(text)


@pytest.mark.parametrize("text", [OTHER, f"1{PHONE[1:]}", f"{PHONE}0", f"{NATIONAL}5", f"7{NATIONAL}", NATIONAL[1:]])
def test_another_number_is_not(text):
    assert not spellings(PHONE).search(text)


def test_the_example_of_a_vendors_description_stays_as_it_is(cast):
    """With a pseudonym in place of its number the example fails, and the description can't be saved any more."""
    row = VendorDescription.objects.create(slug="acme", text=description())
    assert PHONE in row.text
    forget()
    row.refresh_from_db()
    row.full_clean()
    assert row.text == description()
    assert PHONE not in row.history.get().text
