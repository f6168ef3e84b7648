"""Opens an alert when OTPs to many ranges of numbers of one country rise together, a sign of SMS pumping.

The limits per number and per range don't stop it if each range stays below its own limit.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from django.db import connection

from providers.marking import N_
from sms.domain.destinations import locate
from sms.domain.ids import uuid7
from sms.models import Alert
from sms.services.database import clock

from .alerts import close_alert, open_alert

WINDOW = timedelta(hours=1)
FEWEST_OTPS = 10
"""In the last hour, to one range of 100 numbers."""
RISE = 3
"""The last hour has more than this many times the OTPs of the previous hour."""
FEWEST_RANGES = 10
"""Of one country."""

_KEY = "otp-ranges:"


def evaluate() -> None:
    """Open and close the alerts according to the OTPs of the last two hours."""
    found = {f"{_KEY}{country}": (country, count) for country, count in _rising(clock.now()).items()}
    for key, (country, count) in found.items():
        open_alert(
            key,
            title=N_("OTPs to {count} ranges of numbers in {country} have risen together").format(
                count=count, country=country
            ),
            advice=N_(
                "Each range got {fewest_otps} OTPs or more in an hour, over {rise} times those of the hour before. "
                "If no campaign explains it, set the country's destination to block, or give it a daily limit."
            ).format(fewest_otps=FEWEST_OTPS, rise=RISE),
        )
    for key in Alert.objects.filter(closed_at=None, key__startswith=_KEY).values_list("key", flat=True):
        if key not in found:
            close_alert(key)


def _rising(now: datetime) -> dict[str, int]:
    """Countries with the number of their ranges in which OTPs rose."""
    before, last = _counts(now - 2 * WINDOW, now - WINDOW), _counts(now - WINDOW, now)
    rising = [stem for stem, count in last.items() if count >= FEWEST_OTPS and count > RISE * before.get(stem, 0)]
    countries = Counter(locate(f"{stem}00").country for stem in rising)
    return {country: count for country, count in countries.items() if count >= FEWEST_RANGES}


def _counts(since: datetime, until: datetime) -> dict[str, int]:
    """OTPs by range: the number without its last two digits. Ids rise with time, so the primary key finds the hour."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT substr("to", 1, length("to") - 2) AS stem, count(*) FROM sms_message '
            "WHERE id >= %s AND id < %s AND is_otp AND NOT is_test GROUP BY stem",
            [_first_id(since), _first_id(until + timedelta(seconds=1))],
        )
        return dict(cursor.fetchall())


def _first_id(moment: datetime) -> str:
    return uuid7(int(moment.timestamp() * 1000), 0).hex
