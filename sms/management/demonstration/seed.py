"""The demonstration's data: staff, and the rows of `shop.toml` with the simulators' addresses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model

from sms.models import InboundGateway, Partner, Provider
from sms.services.provisioning.apply import provision, read
from sms.services.webhooks.urls import gateway_url

from .passwords import STAFF

SHOP = Path(__file__).with_name("shop.toml")
PARTNERS_PATH = "/v1/PUSH_SMS_RENT"
"""Where the simulated partner listens: the path of its document's example."""


def callers() -> list[str]:
    return [client["username"] for client in read(SHOP.read_bytes())["clients"]]


def seed(addresses: Mapping[str, str], passwords: Mapping[str, str]) -> None:
    """Store the shop on the first start. Later starts update only the simulators' addresses and keep the changes of
    staff.

    `addresses`: each simulated vendor's, by the vendor's slug.
    """
    shop = read(SHOP.read_bytes())
    _staff(passwords[STAFF])
    is_first = not Provider.objects.filter(slug__in=[provider["slug"] for provider in shop["providers"]]).exists()
    provision(_first(shop, addresses, passwords) if is_first else _again(shop, addresses, passwords))


def _first(shop: dict[str, Any], addresses: Mapping[str, str], passwords: Mapping[str, str]) -> dict[str, Any]:
    for client in shop["clients"]:
        client["password"] = passwords[client["username"]]
    for provider in shop["providers"]:
        provider["base_url"] = addresses[provider["vendor"]]
    for partner in shop["partners"]:
        partner["url"] = partner_url(addresses, partner["vendor"])
    return shop


def _again(shop: dict[str, Any], addresses: Mapping[str, str], passwords: Mapping[str, str]) -> dict[str, Any]:
    kept = Provider.objects.filter(slug__in=[provider["slug"] for provider in shop["providers"]])
    partners = Partner.objects.filter(slug__in=[partner["slug"] for partner in shop["partners"]])
    return {
        "clients": [{"username": c["username"], "password": passwords[c["username"]]} for c in shop["clients"]],
        "providers": [_moved(shop["providers"], row, "base_url", addresses[row.vendor]) for row in kept],
        "partners": [_moved(shop["partners"], row, "url", partner_url(addresses, row.vendor)) for row in partners],
    }


def _moved(declared: list[dict[str, Any]], row: Provider | Partner, key: str, address: str) -> dict[str, Any]:
    """The account with its simulator's address; with credentials, which a changed address requires again."""
    (own,) = (each for each in declared if each["slug"] == row.slug)
    is_moved = row.address != address
    return {"slug": row.slug, key: address} | ({"credentials": own.get("credentials", {})} if is_moved else {})


def partner_url(addresses: Mapping[str, str], vendor: str) -> str:
    """The simulated partner's full URL, with the path from its document."""
    return f"{addresses[vendor]}{PARTNERS_PATH}"


def modem_url() -> str:
    """The URL of the demonstration's gateway, or of the first gateway if staff deleted it."""
    gateway = InboundGateway.objects.order_by("pk").first()
    return gateway_url(gateway) or "" if gateway else ""


def _staff(password: str) -> None:
    """A superuser with the printed password."""
    user, _ = get_user_model().objects.get_or_create(username=STAFF, defaults={"email": "admin@shop.example"})
    if not (user.is_superuser and user.is_staff and user.is_active and user.check_password(password)):
        user.is_superuser = user.is_staff = user.is_active = True
        user.set_password(password)
        user.save()
