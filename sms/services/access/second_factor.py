"""Authenticator apps (TOTP) and recovery codes of staff, and who must use them."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_otp import verify_token
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

GRACE = timedelta(days=7)
"""How long a new administrator can work without one. The first log-in must be possible without a phone at hand."""
RECOVERY_CODES = 10
CODE_BYTES = 10


def is_asked_for(user: Any) -> bool:
    """Whether this person has to use a second factor, now or when the days of grace are over."""
    is_administrator = user.is_superuser or user.has_perm("auth.change_user")
    return settings.REQUIRE_2FA or (settings.REQUIRE_2FA_OF_ADMINISTRATORS and is_administrator)


def required_from(user: Any) -> datetime:
    return user.date_joined + (timedelta() if settings.REQUIRE_2FA else GRACE)


def is_required(user: Any) -> bool:
    # Django sets date_joined by this machine's clock, too. The database's would be a query in every page.
    return is_asked_for(user) and required_from(user) <= timezone.now()


def has_app(user: Any) -> bool:
    return TOTPDevice.objects.filter(user=user, confirmed=True).exists()


def matching_device(user: Any, typed: str) -> Any:
    """The device whose code this is, or None. A recovery code is used up.

    Only digests of recovery codes are compared: a digest from a stolen database is no code.
    """
    token = re.sub(r"[\s-]", "", typed).lower()
    model, presented = (TOTPDevice, token) if token.isdecimal() else (StaticDevice, _digest(token))
    for device in model.objects.devices_for_user(user, confirmed=True):
        if found := verify_token(user, device.persistent_id, presented):
            return found
    return None


def new_recovery_codes(user: Any) -> list[str]:
    """Codes to show once, in place of all earlier ones."""
    codes = [base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)]
    with transaction.atomic():
        StaticDevice.objects.filter(user=user).delete()
        device = StaticDevice.objects.create(user=user, name="Recovery codes")
        StaticToken.objects.bulk_create(StaticToken(device=device, token=_digest(code)) for code in codes)
    return ["-".join(re.findall("....", code)) for code in codes]


def recovery_codes_left(user: Any) -> int:
    return StaticToken.objects.filter(device__user=user).count()


def turn_off(user: Any) -> bool:
    """Returns whether there was an authenticator app."""
    StaticDevice.objects.filter(user=user).delete()
    removed, _per_model = TOTPDevice.objects.filter(user=user).delete()
    return bool(removed)


def _digest(code: str) -> str:
    """96 bits in the library's 16 characters. The codes are random, so that no salt and no slow hash is needed."""
    return base64.urlsafe_b64encode(hashlib.sha256(code.encode()).digest()[:12]).decode()
