"""What stands for a phone number that was forgotten: a digest with SECRET_KEY, without which nobody finds the number.

A new SECRET_KEY makes new digests: a forgotten number that is on the block list must be put there again.
"""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.utils.crypto import salted_hmac

MARK = "#"
LENGTH = 16
"""As long as the longest number, so that it fits where a number did."""


def pseudonym(number: str) -> str:
    return MARK + number_digest(number)[: LENGTH - 1]


def number_digest(number: str) -> str:
    return _digest(number, settings.SECRET_KEY)


@lru_cache(maxsize=1024)
def _digest(number: str, key: str) -> str:
    return salted_hmac("sms.forgotten_number", number, secret=key, algorithm="sha256").hexdigest()
