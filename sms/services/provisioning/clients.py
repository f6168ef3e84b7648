"""[[clients]]: who may call POST /send-sms."""

from __future__ import annotations

from sms.models import ApiClient, SenderName
from sms.models.client import digest

from .location import Location
from .schema import ClientTable
from .session import Session


def apply(table: ClientTable, at: Location, session: Session) -> None:
    username = table.username
    session.declare(at, "username", "client", username)
    values = table.given("username", "password", "senders")
    senders = session.find_all(at, "senders", SenderName, "sender", "name", table.senders)
    if "senders" in table.model_fields_set:
        values["all_senders"] = False
    if table.password:
        values["secret_digest"] = digest(table.password)
    client = ApiClient.objects.filter(username=username).first() or ApiClient(username=username)
    generated = "" if client.secret_digest or table.password else client.generate_secret()
    if not session.save(at, f"client {username}", client, values):
        return
    if generated:
        session.passwords[username] = generated
    if "senders" in table.model_fields_set and set(client.senders.all()) != set(senders):
        client.senders.set(senders)
        session.note(f"client {client}", "senders")
