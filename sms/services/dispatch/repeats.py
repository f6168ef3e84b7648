"""Whether an unconfirmed call may be repeated with its reference, at a vendor that sends each reference once."""

from __future__ import annotations

from datetime import datetime, timedelta

from providers.marking import N_
from sms.models import Attempt, Provider, VendorDescription
from sms.services.configuration.snapshot import Account
from sms.services.queue.due import Due

REPEAT_WITHIN = timedelta(hours=1)
"""How long after the first call. Vendors do not keep references for ever, and none says for how long."""
CLOCKS = timedelta(minutes=1)
"""How far the clocks of a web process and of the database may differ."""


def why_over(due: Due, account: Account | None, now: datetime) -> str:
    """Why the call of this message may not be repeated any more, in words for staff; "" if it may."""
    first = Attempt.objects.filter(pk=due.repeats, provider=due.provider).select_related("provider").first()
    if first is None or account is None or not account.adapter.repeats_are_safe:
        return N_("Its first call can't be repeated: the vendor may treat a repeat as another message.")
    if _is_changed(first.provider, first.started_at - CLOCKS):
        words = N_("{slug} was changed after the first call: another account may not know its reference.")
        return words.format(slug=account.slug)
    if now - first.started_at > REPEAT_WITHIN:
        return N_("Its first call was an hour ago: the vendor may no longer know its reference.")
    return ""


def _is_changed(provider: Provider, since: datetime) -> bool:
    """The account, or the description of its vendor: it says where the calls go and which field has the reference."""
    described = VendorDescription.objects.filter(slug=provider.vendor, updated_at__gt=since)
    return provider.updated_at > since or described.exists()
