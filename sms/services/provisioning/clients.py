"""[[clients]]: who may call POST /send-sms."""

from __future__ import annotations

from sms.models import ApiClient, NewlineEscape, OnNoTemplate, SenderName
from sms.models.client import digest

from .reader import Entry
from .session import Desk


def apply(entry: Entry, desk: Desk) -> None:
    username = entry.text("username", required=True)
    password = entry.text("password")
    values = {
        "newline_escape": entry.choice("newline_escape", NewlineEscape.values),
        "rate_limit": entry.integer("rate_limit"),
        "daily_budget": entry.integer("daily_budget"),
        "read_messages": entry.boolean("read_messages"),
        "on_no_template": entry.choice("on_no_template", OnNoTemplate.values),
        "otp_per_number": entry.integer("otp_per_number"),
        "otp_per_range": entry.integer("otp_per_range"),
        "secret_digest": digest(password) if password else None,
    }
    senders = _senders(entry, desk)
    if username is None:
        return
    desk.declare(entry, "username", "client", username)
    client = ApiClient.objects.filter(username=username).first() or ApiClient(username=username)
    if senders is not None:
        values["all_senders"] = False
    generated = "" if client.secret_digest or password else client.generate_secret()
    if not desk.save(entry, f"client {username}", client, values):
        return
    if generated:
        desk.passwords[username] = generated
    if senders is not None:
        _set_senders(client, senders, desk)


def _senders(entry: Entry, desk: Desk) -> list[SenderName] | None:
    names = entry.texts("senders")
    if names is None:
        return None
    found = [desk.find(entry, f"senders[{i}]", SenderName, "sender", name=name) for i, name in enumerate(names)]
    return [sender for sender in found if sender]


def _set_senders(client: ApiClient, senders: list[SenderName], desk: Desk) -> None:
    if set(client.senders.all()) != set(senders):
        client.senders.set(senders)
        desk.note(f"client {client}", "senders")
