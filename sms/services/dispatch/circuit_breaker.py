"""A provider's circuit breaker, rate limit and limit of calls in flight, in one row for all dispatchers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from providers.base import Failure, ProviderError
from providers.marking import N_
from sms.domain.breaker import BreakerState, after_call
from sms.domain.lifecycle import LONGEST_RETRY_AFTER
from sms.models import Breaker, Provider, ProviderState
from sms.services.configuration.snapshot import Account
from sms.services.database import clock
from sms.services.database.transactions import worker_transaction
from sms.services.monitoring import alerts, outages
from sms.services.queue import outbox
from sms.services.queue.queue_state import ProviderQueue

log = structlog.get_logger(__name__)

RESERVED_SHARE = 8
BURST_SECONDS = 0.1
"""The token bucket of a rate limit holds the calls of this time."""


# --- limits, in the transaction that claims ----------------------------------------------


def allowance(account: Account, *, is_otp: bool, wanted: int, now: datetime) -> int:
    """How many of the wanted calls may start now, over all dispatchers.

    One slot in eight is reserved for OTPs, so that none waits for other calls to a slow vendor.
    Locks the provider's state row until the claim is committed, so that no two dispatchers use the same free slots.
    """
    if not outbox.lock_state(account.id):
        return 0  # another dispatcher is claiming messages of this provider
    if account.max_in_flight is not None:
        kept = 0 if is_otp else account.max_in_flight // RESERVED_SHARE
        wanted = min(wanted, account.max_in_flight - kept - sum(outbox.count_in_flight(account.id).values()))
    if account.rate_limit is not None and wanted > 0:
        wanted = min(wanted, int(_tokens(account.id, account.rate_limit, now)))
    return max(wanted, 0)


def use_allowance(account: Account, calls: int, *, now: datetime) -> None:
    """Count the calls that were claimed, in the transaction of `allowance`: fewer messages may have been due."""
    if calls and account.rate_limit is not None:
        left = _tokens(account.id, account.rate_limit, now) - calls
        ProviderState.objects.filter(pk=account.id).update(tokens=left, tokens_at=now)


def _tokens(provider: int, rate: int, now: datetime) -> float:
    state = ProviderState.objects.get(pk=provider)
    passed = (now - state.tokens_at).total_seconds() if state.tokens_at else 1.0
    return min(max(1.0, rate * BURST_SECONDS), state.tokens + rate * max(passed, 0.0))


def take_probe(queue: ProviderQueue, account: Account, *, now: datetime) -> bool:
    """Claim the next probe of an open breaker. True if this dispatcher makes it: one at a time over all dispatchers."""
    if not (account.adapter.can_test or queue.otps_due or queue.others_due):
        return False  # there is no test call and no due message: the next message will be the probe
    until = now + timedelta(seconds=outbox.lease_seconds(account.timeout))
    return outbox.claim_probe(account.id, now=now, until=until)


def give_probe_back(account: Account) -> None:
    """Release a claimed probe that was not made, so that the next one need not wait for the end of its lease."""
    ProviderState.objects.filter(pk=account.id).update(probe_until=None)


# --- outcomes of settled calls ---------------------------------------------------------------


def record_outcome(account: Account, answers: Sequence[ProviderError | None], *, was_probe: bool) -> None:
    """Update the provider's state and breaker by the outcomes of its calls, in order. None stands for a success."""
    with worker_transaction():
        outbox.lock_state(account.id, wait=True)
        now = clock.now()
        state = ProviderState.objects.get(pk=account.id)
        before = _breaker_of(state, now)
        after = before
        for error in answers:
            after = after_call(
                after,
                error.failure if error else None,
                blocks_callers=account.adapter.blocks_callers,
                was_probe=was_probe,
            )
        _remember(state, answers, now)
        if after != before or was_probe:
            _write_breaker(state, before, after, answers, now)
        state.save()
        if before.is_open != after.is_open:
            _announce(account, state, after)


def _breaker_of(state: ProviderState, now: datetime) -> BreakerState:
    return BreakerState(
        is_open=state.breaker == Breaker.OPEN,
        failure=Failure(state.breaker_failure) if state.breaker_failure else None,
        bad_calls=state.bad_calls,
        probe_interval=state.probe_interval,
        probe_in=int((state.probe_at - now).total_seconds()) if state.probe_at else None,
    )


def _remember(state: ProviderState, answers: Sequence[ProviderError | None], now: datetime) -> None:
    for error in answers:
        if error is None:
            state.last_success_at = now
            continue
        state.last_error_at, state.last_error_code, state.last_error_detail = now, error.code[:64], error.detail
        if error.retry_after is not None and error.failure == Failure.TRANSIENT:
            state.retry_at = now + timedelta(seconds=min(error.retry_after, LONGEST_RETRY_AFTER))


def _write_breaker(
    state: ProviderState,
    before: BreakerState,
    after: BreakerState,
    answers: Sequence[ProviderError | None],
    now: datetime,
) -> None:
    state.breaker = Breaker.OPEN if after.is_open else Breaker.CLOSED
    state.bad_calls, state.probe_interval, state.probe_until = after.bad_calls, after.probe_interval, None
    state.probe_at = now + timedelta(seconds=after.probe_in) if after.probe_in is not None else None
    state.breaker_failure = after.failure or ""
    last = next((error for error in reversed(answers) if error), None)
    if after.is_open and last:
        state.breaker_code, state.breaker_detail = last.code[:64], last.detail
    if after.is_open and not before.is_open:
        state.opened_at = now
    if before.is_open and not after.is_open:
        state.opened_at, state.breaker_code, state.breaker_detail = None, "", ""
        state.closed_at = now
        outbox.wake_waiting(state.provider_id, now=now)


def _announce(account: Account, state: ProviderState, after: BreakerState) -> None:
    """Open the breaker's alert when it opens, and close it when the breaker closes."""
    key = f"breaker:{account.slug}"
    if not after.is_open:
        alerts.close_alert(key)
        log.info("breaker.closed", provider=account.slug)
        return
    log.warning("breaker.opened", provider=account.slug, failure=after.failure, code=state.breaker_code)
    alerts.open_alert(
        key,
        severity="critical",
        title=outages.suspended_title(account.slug, state),
        advice=_advice(after),
        provider_id=account.id,
    )


def _advice(after: BreakerState) -> str:
    if after.probe_in is None:
        return N_("Nothing is called here by itself. Correct the credentials, or press “test connection”.")
    if after.failure == Failure.BALANCE:
        return N_("Top up the account at the vendor. A probe finds out by itself.")
    if after.failure == Failure.ACCOUNT:
        return N_("Check the credentials and the vendor's list of allowed addresses. A probe finds out by itself.")
    return N_("The vendor can't be reached or doesn't answer. A probe finds out by itself when it is back.")


def close_by_hand(provider: Provider) -> None:
    """Close the breaker after staff changed the credentials, or after a test call of theirs was accepted."""
    with transaction.atomic():
        now = clock.now()
        ProviderState.objects.filter(provider=provider).update(
            breaker=Breaker.CLOSED,
            breaker_failure="",
            breaker_code="",
            breaker_detail="",
            bad_calls=0,
            probe_at=None,
            probe_until=None,
            probe_interval=0,
            opened_at=None,
            closed_at=now,
            retry_at=None,
        )
        outbox.wake_waiting(provider.pk, now=now)
        alerts.close_alert(f"breaker:{provider.slug}")
