"""Each decision about a message after intake is recorded with its candidates, in the commit of the change."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from providers.base import Failure, HttpResponse, MessageState, Refused, Report, Unavailable, Unconfirmed
from sms.domain.routing import Candidate, Decision
from sms.models import BlockedNumber, ConfigurationStamp, Message, MessageEvent, Provider, ProviderState
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.dispatch import rescue
from sms.services.dispatch.eligibility import Judge
from sms.services.maintenance import personal_data, restore
from sms.services.queue import held_messages
from sms.services.reports import apply
from sms.services.reports.update import update_of
from sms.services.staff import explanation, message_actions
from sms.services.staff.explanation import Rows, explain
from tests.proofs.explained.checker import rebuild
from tests.sms.services.fakes import error

STAFF = {"actor": "aysel", "reason": "first is down"}
REFUSED = error(Refused, "recipient", code="no-such-number")


def told(message, **shown):
    message = Message.objects.get(pk=message.pk)
    return json.loads(json.dumps(explain(message, Rows.of(message), **shown), cls=DjangoJSONEncoder))


def held(shop):
    decision = Decision(shop.route.pk, "+994", (Candidate(shop.first.pk, "first", "template_not_matched", "no"),), "x")
    return shop.message(status="held", provider_id=None, due_at=None, decision=decision.as_json())


# --- each place that decides after intake ---------------------------------------------------------


def refused_by_the_first(shop, wire, work):
    wire.script("first.example", REFUSED)
    message = shop.message()
    work()
    return message


def refused_by_all(shop, wire, work):
    wire.script("second.example", REFUSED)
    return refused_by_the_first(shop, wire, work)


def breaker_is_open(shop, wire, work):
    message = shop.message()
    at = clock.now() + timedelta(hours=1)
    ProviderState.objects.filter(provider=shop.first).update(breaker="open", probe_at=at)
    work()
    return message


def paused(shop, wire, work):
    message = shop.message()
    Provider.objects.filter(pk=shop.first.pk).update(paused=True)
    ConfigurationStamp.touch()
    work()
    return message


def code_fails_at_claiming(shop, wire, work):
    message = shop.message()
    with mock.patch.object(Judge, "judge", side_effect=RuntimeError):
        work()
    return message


def reported_as_never_sent(shop, wire, work):
    message = shop.message()
    wire.script("first.example", HttpResponse(200, {}, b"v-1"))
    work()
    attempt = message.attempts.get()
    report = Report(MessageState.UNDELIVERED, left=False, code="lost")
    apply.apply_reports([update_of(report, provider=shop.first.pk, attempt=attempt.pk)])
    return message


def expired(shop, wire, work):
    message = shop.message(ttl=-1)
    rescue.expire()
    return message


def doubt_resolved(shop, wire, work):
    message = shop.message(in_doubt=True, attempts_made=1)
    at = clock.now()
    message.attempts.create(
        id=clock.new_id(), number=1, provider=shop.first, lease_token=clock.new_id(), outcome="unconfirmed",
        code="timeout", reported="undelivered", started_at=at, finished_at=at,
    )  # fmt: skip
    message_actions.cancel(message.pk, **STAFF)
    return message


def resent(shop, wire, work):
    message = shop.message(status="failed", code="old")
    shop.set_route(shop.second)
    snapshot.reset_cache()
    message_actions.resend(message.pk, **STAFF)
    return message


def moved(shop, wire, work):
    message = shop.message()
    message_actions.move(message.pk, provider_id=shop.second.pk, **STAFF)
    return message


def canceled(shop, wire, work):
    message = shop.message()
    message_actions.cancel(message.pk, **STAFF)
    return message


def settled(shop, wire, work):
    message = shop.message(status="unconfirmed", in_doubt=True)
    message_actions.settle_unconfirmed(message.pk, went_out=False, **STAFF)
    return message


def released_by_staff(shop, wire, work):
    message = held(shop)
    message_actions.release_held([message.pk], provider_id=shop.second.pk, **STAFF)
    return message


def released_by_an_approval(shop, wire, work):
    message = held(shop)
    held_messages.HeldMessageScan().release_batch()
    return message


def parked(shop, wire, work):
    message = shop.message()
    restore.quarantine(before=clock.now() + timedelta(seconds=1), reason="a restored backup")
    return message


def forgotten(shop, wire, work):
    message = shop.message()
    personal_data.forget(message.to, actor="aysel", reason="asked for it")
    return message


def blocked_since(shop, wire, work):
    message = shop.message()
    BlockedNumber.objects.create(phone=message.to)
    work()
    return message


WALK = {
    blocked_since: ["recipient_blocked"],
    refused_by_the_first: ["failed_over"],
    refused_by_all: ["failed_over", "given_up"],
    breaker_is_open: ["rerouted"],
    paused: ["rerouted"],
    code_fails_at_claiming: ["crashed"],
    reported_as_never_sent: ["failed_over"],
    expired: ["expired"],
    doubt_resolved: ["canceled", "doubt_resolved"],
    resent: ["resent"],
    moved: ["moved"],
    canceled: ["canceled"],
    settled: ["settled"],
    released_by_staff: ["released"],
    released_by_an_approval: ["released"],
    parked: ["parked"],
    forgotten: ["canceled"],
}


@pytest.mark.parametrize(("place", "kinds"), WALK.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_each_place_that_changes_provider_decision_or_state_keeps_what_it_decided(place, kinds, shop, wire, work):
    message = place(shop, wire, work)
    assert [event.kind for event in message.events.order_by("at", "id")] == kinds
    said = told(message)
    state = said.pop("state")
    rebuilt = rebuild(said)
    if place in (doubt_resolved, settled, resent):  # these begin in a state that intake did not give them
        assert rebuilt | {"attempts": state["attempts"]} == state
    else:
        assert rebuilt == state


FILES = {
    "dispatch/outcomes.py": {refused_by_the_first, refused_by_all},
    "maintenance/personal_data.py": {forgotten},
    "maintenance/restore.py": {parked},
    "queue/attempts.py": {doubt_resolved},
    "queue/claimed_messages.py": {blocked_since, breaker_is_open, paused, code_fails_at_claiming},
    "queue/held_messages.py": {released_by_an_approval},
    "queue/outbox.py": {expired},
    "reports/rows.py": {reported_as_never_sent},
    "staff/message_actions.py": {resent, moved, canceled, settled, released_by_staff},
}
"""The files whose statements change a message's state or provider, and the places of the walk that run them."""
CHANGES = re.compile(r"UPDATE sms_message SET status|move_message\(|status=Status\.(UNCONFIRMED|CANCELED),")


def test_the_walk_visits_every_file_that_changes_a_message():
    services = Path(explanation.__file__).parents[1]
    found = {str(path.relative_to(services)) for path in services.rglob("*.py") if CHANGES.search(path.read_text())}
    judged = {"dispatch/eligibility.py"}  # it decides, and claimed_messages.py writes
    assert found - judged == set(FILES)
    assert set().union(*FILES.values()) <= set(WALK)


def test_two_reports_at_once_that_end_a_retry_leave_the_provider_that_sent_it(shop, wire, work):
    """The first report drops the queued attempt at the second provider; the next one must not bring it back."""
    message = refused_by_the_first(shop, wire, work)
    attempt = message.attempts.get(number=1)
    Message.objects.filter(pk=message.pk).update(status="queued", provider=shop.second, due_at=clock.now())
    states = [MessageState.SENT, MessageState.DELIVERED]
    updates = [update_of(Report(state), provider=shop.first.pk, attempt=attempt.pk) for state in states]
    apply.apply_reports(updates)
    message.refresh_from_db()
    assert (message.status, message.provider_id) == ("delivered", shop.first.pk)


# --- what a decision says ----------------------------------------------------------------------------


def decision_of(message, kind):
    return next(each["decision"] for each in told(message)["history"] if each.get("what") == kind)


def reasons(decision):
    return {each["slug"]: each["code"] for each in decision["candidates"]}


def test_a_move_names_both_providers_and_why_each_candidate_was_taken_or_not(shop, wire, work):
    message = refused_by_all(shop, wire, work)
    first, last = decision_of(message, "failed_over"), decision_of(message, "given_up")
    assert (first["from"], first["to"], first["status"]) == ("first", "second", "queued")
    assert reasons(first) == {"first": "refused", "second": ""}
    assert (last["status"], last["code"]) == ("failed", "no-such-number")
    assert reasons(last) == {"first": "refused", "second": "refused"}


def test_an_otp_that_goes_out_once_more_says_that_the_first_provider_may_have_sent_it(shop, wire, work):
    shop.route.resend_unconfirmed_otp = True
    shop.route.save()
    message = shop.message(is_otp=True)
    wire.script("first.example", error(Unconfirmed, Failure.AMBIGUOUS, "timeout"))
    work()
    assert reasons(decision_of(message, "failed_over")) == {"first": "unconfirmed", "second": ""}


@pytest.mark.parametrize(
    ("place", "reason"), [(breaker_is_open, "Its circuit breaker is open."), (paused, "It is paused.")]
)
def test_a_move_before_the_call_says_what_is_wrong_with_the_provider_that_is_left(place, reason, shop, wire, work):
    message = place(shop, wire, work)
    event = message.events.get()
    assert event.reason == reason
    assert reasons(decision_of(message, "rerouted")) == {"first": "closed", "second": ""}


def test_a_resend_keeps_the_decision_of_intake(shop, wire, work):
    message = resent(shop, wire, work)
    said = told(message)
    assert [each["slug"] for each in said["intake"]["candidates"]] == ["first", "second"]
    assert said["intake"]["provider"] == "first"
    assert reasons(decision_of(message, "resent")) == {"second": ""}
    assert said["staff"] == [{"by": "aysel", "what": "resent", "reason": "first is down", "at": said["staff"][0]["at"]}]


def test_a_retry_at_the_same_provider_adds_no_row(shop, wire, work):
    wire.script("first.example", error(Unavailable, "transient"))
    message = shop.message()
    work()
    assert Message.objects.get(pk=message.pk).status == "queued"
    assert not message.events.exists()


def test_a_share_move_at_intake_is_said_of_the_provider_that_it_passed_over(shop):
    message = shop.message(provider_id=shop.second.pk)
    Message.objects.filter(pk=message.pk).update(decision={**message.decision, "shares": {str(shop.first.pk): 5}})
    [first, second] = told(message)["intake"]["candidates"]
    assert (first["code"], first["reason"]) == ("share", "A share move left it 5 % of the messages.")
    assert second["code"] == ""


def test_an_answer_whose_lease_is_over_leaves_no_decision(shop, wire, work):
    """The statement that records a decision is that of the change: without the one there is not the other."""

    def lose(request):
        Message.objects.update(lease_token=clock.new_id())
        raise REFUSED

    wire.script("first.example", lose)
    message = shop.message()
    work()
    assert not message.events.filter(kind="failed_over").exists()


def test_what_was_decided_goes_with_a_transaction_that_fails(shop):
    message = shop.message()
    with transaction.atomic():
        message_actions.move(message.pk, provider_id=shop.second.pk, **STAFF)
        transaction.set_rollback(True)
    assert Message.objects.get().provider_id == shop.first.pk
    assert not MessageEvent.objects.exists()


# --- what is hidden, and what it costs --------------------------------------------------------------------


def test_texts_parameters_and_exchanges_are_shown_only_where_asked_for_and_never_of_an_otp(shop):
    message = shop.message("Kod 004217", parameters={"code": "004217"})
    assert "004217" not in json.dumps(told(message))
    shown = told(message, shows_text=True, shows_number=True)
    assert (shown["text"]["accepted"], shown["parameters"]) == ("Kod 004217", {"code": "004217"})
    assert shown["message"]["to"] == message.to
    otp = shop.message("Kod 004217", is_otp=True, parameters={"code": "004217"})
    assert "004217" not in json.dumps(told(otp, shows_text=True))


def test_the_number_of_queries_does_not_grow_with_the_history(shop, wire, work):
    plain, long = shop.message(), refused_by_all(shop, wire, work)
    counts = []
    for message in (plain, long):
        with CaptureQueriesContext(connection) as queries:
            told(message)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 9


def test_the_command_prints_the_json_with_the_number_masked(shop, capsys):
    message = shop.message()
    call_command("explain_message", str(message.pk))
    said = json.loads(capsys.readouterr().out)
    assert said["state"]["status"] == "queued"
    assert message.to not in json.dumps(said)
    with pytest.raises(CommandError, match="There is no message"):
        call_command("explain_message", str(clock.new_id()))


# --- the order of what happened -------------------------------------------------------------------


def rebuilds(message):
    said = told(message)
    return rebuild(said) == said["state"]


def test_an_attempt_that_waited_for_a_lock_begins_after_the_end_of_the_earlier_one(shop, wire, work):
    message = refused_by_the_first(shop, wire, work)
    first, second = message.attempts.order_by("number")
    message.attempts.filter(pk=second.pk).update(started_at=first.finished_at - timedelta(milliseconds=90))
    kinds = [step["kind"] for step in told(message)["history"]]
    assert kinds == ["attempt_started", "attempt_ended", "event", "attempt_started", "attempt_ended"]
    assert rebuilds(message)


def test_a_late_answer_of_the_earlier_attempt_moves_no_start(shop, wire, work):
    message = refused_by_the_first(shop, wire, work)
    first, second = message.attempts.order_by("number")
    message.attempts.filter(pk=first.pk).update(finished_at=second.finished_at + timedelta(seconds=1))
    steps = [(step["kind"], step.get("number")) for step in told(message)["history"]]
    assert steps[-3:] == [("attempt_started", 2), ("attempt_ended", 2), ("attempt_ended", 1)]
    assert rebuilds(message)


@pytest.mark.parametrize("expires", [False, True])
def test_a_report_of_the_moment_in_which_a_lease_ended_comes_after_what_the_end_led_to(shop, wire, work, expires):
    message = shop.message()
    work()
    attempt, at = message.attempts.get(), clock.now()
    message.attempts.update(outcome="unconfirmed", code="lease_over", finished_at=at)
    decision = {"status": "queued", "code": "lease_over", "attempt": str(attempt.pk), "candidates": []}
    here = {"from": shop.first.pk, "to": shop.first.pk}
    MessageEvent.objects.create(message=message, at=at, kind="repeated", decision=decision | here)
    if expires:
        gone = {"status": "unconfirmed", "code": "expired"}
        MessageEvent.objects.create(message=message, at=at, kind="expired", decision=gone)
    facts = {"provider": shop.first, "attempt": attempt, "status": "delivered", "state": "delivered", "is_final": True}
    message.reports.create(**facts, applied=True, received_at=at)
    Message.objects.filter(pk=message.pk).update(status="delivered", code="")
    assert told(message)["history"][-1]["kind"] == "report"
    assert rebuilds(message)
