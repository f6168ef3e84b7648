"""Actions of staff on providers: test the connection, probe, pause, resume, end a doubt about an approval."""

from __future__ import annotations

import structlog
from django.db import transaction

from providers.base import Asked, HttpRequest, HttpResponse, ProviderError, Sender
from providers.marking import N_
from sms.models import ApprovalDoubt, Attempt, Breaker, Provider, ProviderState
from sms.services.configuration import network_policy
from sms.services.database import clock
from sms.services.dispatch import approval_doubt, circuit_breaker
from sms.services.queue import notify, outbox, sessions
from sms.services.queue.echoes import can_poll, error_without_secrets, without_secrets
from sms.services.queue.errors import ActionRefused

log = structlog.get_logger(__name__)

MOST_IDS = 20
"""How many of the newest ids are read to find one for a status query: some are digests, which the vendor does not know.
"""


def test_connection(provider_id: int, *, actor: str) -> str:
    """Make a call that sends no message and return the vendor's response as text. If it is accepted, the breaker
    closes.

    Raises ActionRefused where the vendor has no such call, or the call fails.
    """
    provider = Provider.objects.get(pk=provider_id)
    if provider.credentials_problem:
        raise ActionRefused(provider.credentials_problem)
    adapter = provider.adapter().for_call(sessions.new_call())
    request = _test_request(provider, adapter)
    secrets = (*adapter.secrets(), *request.hidden)
    client = network_policy.client()
    try:
        response = without_secrets(_read_test(adapter, client.send(request, timeout=provider.timeout)), secrets)
    except ProviderError as raised:
        error = error_without_secrets(raised, adapter, secrets)
        _record_test(provider, accepted=False, detail=f"{error.code}: {error.detail}")
        words = N_("The test was not accepted. {code}: {detail_text}")
        raise ActionRefused(words.format(code=error.code, detail_text=error.detail)) from raised
    finally:
        client.close()
    _record_test(provider, accepted=True, detail=response)
    circuit_breaker.close_by_hand(provider)
    return response


def _test_request(provider: Provider, adapter: Sender) -> HttpRequest:
    if adapter.needs_session:
        return adapter.session_request()
    if adapter.can_test:
        return adapter.test_request()
    if not adapter.has_harmless_call():
        raise ActionRefused(
            N_("{adapter} has no harmless call. Send a message to your own number instead.").format(
                adapter=adapter.name
            )
        )
    newest = Attempt.objects.filter(provider=provider).exclude(vendor_message_id="").order_by("-id")
    vendor_id = next(filter(can_poll, newest.values_list("vendor_message_id", flat=True)[:MOST_IDS]), None)
    if vendor_id is None:
        raise ActionRefused(
            N_("{adapter} is tested by a status query, and no message has been sent there yet.").format(
                adapter=adapter.name
            )
        )
    return adapter.poll_request(Asked(vendor_id=vendor_id))


def _read_test(adapter: Sender, response: HttpResponse) -> str:
    if adapter.needs_session:
        adapter.session_outcome(response)
        return N_("The vendor accepted the log-in.")
    if adapter.can_test:
        return adapter.test_outcome(response)
    reports = adapter.poll_outcome(response)
    if not reports:
        return N_("The last message has no final state yet.")
    return N_("The last message is {state_text}.").format(state_text=reports[0].state)


def _record_test(provider: Provider, *, accepted: bool, detail: str) -> None:
    ProviderState.objects.filter(provider=provider).update(
        last_test_at=clock.now(), last_test_accepted=accepted, last_test_detail=detail
    )


def probe_now(provider_id: int, *, actor: str) -> bool:
    """Make the next probe of a suspended provider due. Returns False if there is no message yet with which it can be
    made.

    Raises ActionRefused for a provider that is not suspended.
    """
    provider = Provider.objects.defer("credentials").get(pk=provider_id)
    now = clock.now()
    with transaction.atomic():
        if not ProviderState.objects.filter(provider=provider, breaker=Breaker.OPEN).update(probe_at=now):
            raise ActionRefused(N_("{slug} is not suspended: messages are sent there.").format(slug=provider.slug))
        has_message = outbox.wake_first(provider_id, now=now)
    notify.notify_workers()
    log.info("breaker.probe_requested", provider=provider.slug, actor=actor)
    return has_message or provider.adapter_class.can_test


def pause(provider_id: int, *, actor: str, reason: str) -> None:
    """Stop calling this provider until it is resumed. Its messages wait or go to the next provider."""
    provider = Provider.objects.get(pk=provider_id)
    if provider.paused:
        raise ActionRefused(N_("{slug} is paused already.").format(slug=provider.slug))
    provider.paused = True
    provider._change_reason = reason
    provider.save(update_fields=["paused", "updated_at"])


def resume(provider_id: int, *, actor: str, reason: str) -> None:
    """Call this provider again. Messages that waited for it are due at once."""
    provider = Provider.objects.get(pk=provider_id)
    if not provider.paused:
        raise ActionRefused(N_("{slug} is not paused.").format(slug=provider.slug))
    provider.paused = False
    provider._change_reason = reason
    with transaction.atomic():
        provider.save(update_fields=["paused", "updated_at"])
        outbox.wake_waiting(provider_id, now=clock.now())


def end_doubt(doubt_id: int, *, actor: str) -> ApprovalDoubt:
    """Use this approval for messages again; messages that waited for it are due at once. Returns the doubt that has
    ended.

    Raises ActionRefused if it has ended already. If the vendor still rejects the approval, the next call opens a new
    doubt.
    """
    ended = approval_doubt.end([doubt_id])
    if not ended:
        raise ActionRefused(N_("This doubt has ended already."))
    log.info("doubt.ended_by_hand", about=ended[0].title, actor=actor)
    return ended[0]
