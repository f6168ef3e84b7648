"""What accounts have left, where vendors say it: asked for every hour, or told with an accepted message."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db.models import Q

from providers.base import Money
from providers.marking import N_
from sms.models import ProviderState
from sms.services.configuration import snapshot
from sms.services.configuration.snapshot import Account
from sms.services.database import clock
from sms.services.monitoring import alert_rules, alerts
from sms.services.queue import outbox
from sms.services.queue.jobs import AskBalance, Job, Result
from sms.services.queue.queue_state import QueueSnapshot

ASK_EVERY = timedelta(hours=1)
LOOK_SECONDS = 60.0
"""Between two looks of a process whether an account is to be asked, and between two balances that it stores of one."""

_looked: dict[int, float] = {}
_stored: dict[int, float] = {}


def take(queue: QueueSnapshot, limit: int) -> list[Job]:
    """Claim the queries that are due, up to `limit`."""
    closed = {each.provider for each in queue.providers if each.is_open}
    asked = (each for each in snapshot.current().accounts.values() if each.adapter.tells_balance)
    free = [each for each in asked if each.enabled and each.may_be_called and each.id not in closed]
    not_after = queue.read_at + outbox.SLACK_SECONDS
    due = (each for each in free if _is_turn(each, queue))
    return [AskBalance(each, not_after) for each in islice(due, max(limit, 0))]


def _is_turn(account: Account, queue: QueueSnapshot) -> bool:
    """Whether this process is to ask. The clock of the database decides, so that no other does."""
    if not _is_time(_looked, account.id):
        return False
    is_due = Q(balance_asked_at=None) | Q(balance_asked_at__lte=queue.now - ASK_EVERY)
    return bool(ProviderState.objects.filter(is_due, provider=account.id).update(balance_asked_at=queue.now))


def _is_time(last: dict[int, float], account: int) -> bool:
    now = time.monotonic()
    if now - last.get(account, -LOOK_SECONDS) < LOOK_SECONDS:
        return False
    last[account] = now
    return True


def settle(results: Sequence[Result]) -> None:
    """Store the answers. A failed query says nothing of sending, and is made again in an hour."""
    for result in results:
        if isinstance(result.value, Money):
            store(result.job.account, result.value)


def note(account: Account, balances: Sequence[Any]) -> None:
    """Store the last of the balances that came with accepted messages, but not more often than staff look."""
    if balances and _is_time(_stored, account.id):
        store(account, balances[-1])


def store(account: Account, balance: Money) -> None:
    """Store the balance, and open or close the alert on a low one."""
    if not isinstance(balance.amount, Decimal) or not balance.amount.is_finite():
        return
    ProviderState.objects.filter(provider=account.id).update(balance=str(balance)[:40], balance_at=clock.now())
    key = f"{alert_rules.BALANCE}{account.slug}"
    if account.low_balance is None or balance.amount >= account.low_balance:
        alerts.close_alert(key)
        return
    title = N_("{slug} has {balance} left, less than {low}").format(
        slug=account.slug, balance=str(balance)[:40], low=account.low_balance
    )
    advice = N_("Top up the account at the vendor.")
    if not alerts.open_alert(key, title=title, advice=advice, provider_id=account.id):
        alerts.set_title(key, title)
