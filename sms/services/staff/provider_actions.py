"""Actions of staff on providers: test the connection, pause, resume."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from providers.base import ProviderError
from providers.http import Client
from sms.models import Provider, ProviderState
from sms.services.database import clock
from sms.services.dispatch import circuit_breaker
from sms.services.queue import outbox
from sms.services.queue.errors import ActionRefused


def test_connection(provider_id: int, *, actor: str) -> str:
    """Make the vendor's test call and return its response as text. An accepted test closes the circuit breaker.

    Raises ActionRefused where the vendor has no such call, or the call fails.
    """
    provider = Provider.objects.get(pk=provider_id)
    if provider.credentials_problem:
        raise ActionRefused(provider.credentials_problem)
    adapter = provider.adapter()
    if not adapter.can_test:
        raise ActionRefused(f"{adapter.name} has no harmless call. Send a message to your own number instead.")
    client = Client(allow_private=settings.ALLOW_PRIVATE_PROVIDER_HOSTS)
    try:
        response = adapter.test_outcome(client.send(adapter.test_request(), timeout=provider.timeout))
    except ProviderError as error:
        _record_test(provider, accepted=False, detail=f"{error.code}: {error.detail}")
        raise ActionRefused(f"The test was not accepted. {error.code}: {error.detail}") from error
    finally:
        client.close()
    _record_test(provider, accepted=True, detail=response)
    circuit_breaker.close_by_hand(provider)
    return response


def _record_test(provider: Provider, *, accepted: bool, detail: str) -> None:
    ProviderState.objects.filter(provider=provider).update(
        last_test_at=clock.now(), last_test_accepted=accepted, last_test_detail=detail
    )


def pause(provider_id: int, *, actor: str, reason: str) -> None:
    """Stop calling this provider until it is resumed. Its messages wait or go to the next provider."""
    provider = Provider.objects.get(pk=provider_id)
    if provider.paused:
        raise ActionRefused(f"{provider.slug} is paused already.")
    provider.paused = True
    provider._change_reason = reason
    provider.save(update_fields=["paused", "updated_at"])


def resume(provider_id: int, *, actor: str, reason: str) -> None:
    """Call this provider again. Messages that waited for it are due at once."""
    provider = Provider.objects.get(pk=provider_id)
    if not provider.paused:
        raise ActionRefused(f"{provider.slug} is not paused.")
    provider.paused = False
    provider._change_reason = reason
    with transaction.atomic():
        provider.save(update_fields=["paused", "updated_at"])
        outbox.wake_waiting(provider_id, now=clock.now())
