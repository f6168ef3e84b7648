"""System checks for the settings of an installation, each with a hint.

Those of the database itself run only with `manage.py check --database default` and `migrate`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, connections

from providers.registry import FAULTS
from sms.models.encrypted import encrypt
from sms.services.configuration import stored_secrets, vendor_descriptions
from sms.services.database.encoding import HOW_TO, NEEDED, wrong_encoding

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@register("sms")
def public_url(**_: Any) -> list[CheckMessage]:
    if not settings.PUBLIC_URL:
        hint = "Set PUBLIC_URL to the address at which vendors reach this installation, such as https://sms.example."
        message = "PUBLIC_URL is not set: messages go out without a callback address, so no vendor can report back."
        return [Warning(message, hint=hint, id="sms.W001")]
    parts = urlsplit(settings.PUBLIC_URL)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        hint = "Write scheme and host, such as https://sms.example."
        return [Error(f"PUBLIC_URL is no address: {settings.PUBLIC_URL}", hint=hint, id="sms.E001")]
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        hint = "Put a proxy with TLS in front, and write https:// in PUBLIC_URL."
        return [Warning("PUBLIC_URL is http: passwords and texts travel in plain text.", hint=hint, id="sms.W002")]
    return []


@register("sms")
def trusted_proxies(**_: Any) -> list[CheckMessage]:
    if not settings.IS_HTTPS or settings.TRUSTED_PROXIES or settings.TRUSTS_UNIX_SOCKET:
        return []
    message = "PUBLIC_URL is https and TRUSTED_PROXIES is empty: every request counts as plain HTTP and is refused."
    hint = "Set TRUSTED_PROXIES to the networks of the proxy with TLS, such as 127.0.0.0/8."
    return [Warning(message, hint=hint, id="sms.W007")]


@register("sms")
def development_settings(**_: Any) -> list[CheckMessage]:
    """Settings for development that a public installation should not use."""
    if not settings.IS_HTTPS:
        return []
    forbidden = {
        "ALLOW_PRIVATE_PROVIDER_HOSTS": ("sms.W004", "a provider's address may lead into the inner network."),
        "ALLOW_SANDBOX": ("sms.W005", "messages routed to a sandbox provider reach nobody."),
    }
    return [
        Warning(f"{name} is on, and PUBLIC_URL is https: {problem}", hint=f"Turn {name} off.", id=number)
        for name, (number, problem) in forbidden.items()
        if getattr(settings, name)
    ]


@register("sms")
def alerts(**_: Any) -> list[CheckMessage]:
    """Alerts can be delivered as the settings say."""
    if settings.ALERT_EMAIL and not settings.EMAIL_URL_IS_SET:
        hint = "Set EMAIL_URL, such as smtp+tls://user:password@mail.example:587."
        return [Error("ALERT_EMAIL is set, but there is no mail server to send by.", hint=hint, id="sms.E006")]
    if settings.ALERT_WEBHOOK_URL and not settings.ALERT_WEBHOOK_SECRET:
        hint = "Set ALERT_WEBHOOK_SECRET to a long random string, and verify the signature with it."
        return [Warning("Alerts are posted unsigned: anybody could post one.", hint=hint, id="sms.W006")]
    return []


@register("sms")
def encryption_keys(**_: Any) -> list[CheckMessage]:
    try:
        encrypt({})
    except ImproperlyConfigured as error:
        hint = (
            'Make one with: python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
        )
        return [Error(str(error), hint=hint, id="sms.E002")]
    return []


@register("sms")
def sqlite_settings(**_: Any) -> list[CheckMessage]:
    """Without IMMEDIATE transactions on SQLite, two dispatchers may deadlock or claim the same row."""
    database = settings.DATABASES["default"]
    options = database.get("OPTIONS", {})
    if "sqlite3" not in database["ENGINE"] or options.get("transaction_mode") == "IMMEDIATE":
        return []
    hint = 'Set OPTIONS["transaction_mode"] = "IMMEDIATE", as config/settings.py does.'
    return [Error("SQLite's transactions are not IMMEDIATE: two of them can deadlock.", hint=hint, id="sms.E003")]


@register(Tags.database)
def sqlite_pragmas(databases: Sequence[str] | None = None, **_: Any) -> Iterable[CheckMessage]:
    """Checks the database file itself, because a network drive may not support WAL."""
    return [message for alias in databases or () for message in _pragma_messages(alias)]


@register(Tags.database)
def postgresql_encoding(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """`migrate` runs this before it changes anything, and stops at an error."""
    return [
        Error(f"The encoding of the PostgreSQL database is {found}, not {NEEDED}.", hint=HOW_TO, id="sms.E007")
        for alias in databases or ()
        if (found := wrong_encoding(alias))
    ]


@register("adapters")
def adapters(**_: Any) -> list[CheckMessage]:
    """Adapters of other packages, and descriptions. These are warnings: an error would stop `migrate` and `provision`.

    The tag of its own keeps the database out of the start of a dispatcher.
    """
    if not _has_no_file():
        with suppress(DatabaseError):  # it can't be reached, or migrations have yet to make the tables
            vendor_descriptions.register()
    return [
        Warning(fault.problem, hint=fault.advice, id="sms.W010" if fault.is_collision else "sms.W009")
        for fault in FAULTS.values()
    ]


@register("secrets")
def unreadable_credentials(**_: Any) -> list[CheckMessage]:
    """A warning, because `provision` must run: it is one of the cures.

    It has a tag of its own, so that plain `manage.py check` asks the database, and the start of a dispatcher does not.
    """
    if _has_no_file():
        return []
    try:
        problem = stored_secrets.read().problem
    except DatabaseError:  # it can't be reached, or migrations have yet to make the tables
        return []
    return [Warning(problem, hint=stored_secrets.HOW_TO, id="sms.W008")] if problem else []


def _has_no_file() -> bool:
    """Whether the SQLite file is not there: a check makes no database."""
    name = connection.settings_dict["NAME"]
    return connection.vendor == "sqlite" and not connection.is_in_memory_db() and not Path(name).exists()


def _pragma_messages(alias: str) -> list[CheckMessage]:
    connection = connections[alias]
    if connection.vendor != "sqlite" or connection.is_in_memory_db():
        return []
    with connection.cursor() as cursor:
        (journal,) = cursor.execute("PRAGMA journal_mode").fetchone()
        (synchronous,) = cursor.execute("PRAGMA synchronous").fetchone()
    hint = 'Set OPTIONS["init_command"] as config/settings.py does, and keep the file on a local disk.'
    messages: list[CheckMessage] = []
    if journal != "wal":
        messages.append(Error(f"SQLite's journal is {journal}, not WAL: readers block.", hint=hint, id="sms.E004"))
    if synchronous < FULL:
        message = "SQLite is not synchronous FULL: a power cut may lose accepted messages."
        messages.append(Error(message, hint=hint, id="sms.E005"))
    return messages


FULL = 2  # of PRAGMA synchronous: 0 off, 1 normal, 2 full, 3 extra
