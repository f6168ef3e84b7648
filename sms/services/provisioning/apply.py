"""Stores what a provisioning file declares: clients, providers, senders, templates, routes and the rest.

Rows that the file does not name are not changed. All changes are saved or none, and a second run changes nothing.
`shop.example.toml` documents the format; each section has a module in this package.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.db import transaction
from pydantic import Field, create_model

from sms.domain.text_files import UnreadableTextError, decoded
from sms.services.configuration import vendor_descriptions
from sms.services.templates.unmatched import approved_texts

from . import blocked, clients, gateways, partners, providers, routes, schema, senders, templates
from .location import Location, ValidationIssue
from .read import read_section
from .session import Change, Session

__all__ = ["Change", "ProvisioningError", "Session", "ValidationIssue", "json_schema", "provision", "read"]


class Section(NamedTuple):
    table: type[schema.Table]
    apply: Callable[[Any, Location, Session], None]


SECTIONS = {
    "vendor_descriptions": Section(schema.VendorDescriptionTable, providers.apply_description),
    "providers": Section(schema.ProviderTable, providers.apply),
    "senders": Section(schema.SenderTable, senders.apply),
    "clients": Section(schema.ClientTable, clients.apply),
    "templates": Section(schema.TemplateTable, templates.apply),
    "destinations": Section(schema.DestinationTable, routes.apply_destination),
    "routes": Section(schema.RouteTable, routes.apply_route),
    "objectives": Section(schema.ObjectiveTable, providers.apply_objective),
    "blocked_numbers": Section(schema.BlockedNumberTable, blocked.apply),
    "partners": Section(schema.PartnerTable, partners.apply_partner),
    "rented_numbers": Section(schema.RentedNumberTable, partners.apply_number),
    "inbound_gateways": Section(schema.GatewayTable, gateways.apply),
}
"""In this order, so that rows exist before other entries refer to them."""


class ProvisioningError(Exception):
    """The file can't be applied; nothing was changed."""

    def __init__(self, issues: list[ValidationIssue]) -> None:
        super().__init__("\n".join(map(str, issues)))
        self.issues = issues


def read(content: bytes) -> dict[str, Any]:
    """The file's tables. Raises ProvisioningError."""
    try:
        return tomllib.loads(decoded(content))
    except UnreadableTextError as error:
        raise ProvisioningError([ValidationIssue("file", str(error))]) from error
    except (ValueError, RecursionError) as error:  # not only TOMLDecodeError: numbers of 5,000 digits, deep arrays
        raise ProvisioningError([ValidationIssue("file", f"this is not valid TOML: {error}")]) from error


def json_schema() -> dict[str, Any]:
    """The file's JSON schema, from which editors complete and check it."""
    tables: dict[str, Any] = {name: (list[section.table], Field(default=[])) for name, section in SECTIONS.items()}
    return create_model("ProvisioningFile", __base__=schema.Table, **tables).model_json_schema()


def provision(declared: Mapping[str, Any], *, check_only: bool = False) -> Session:
    """Apply the tables in one transaction. With `check_only` the changes are only computed.

    Returns the changes and the generated passwords. Raises ProvisioningError with every issue.
    """
    try:
        vendor_descriptions.register()
        return _provision(declared, check_only=check_only)
    finally:
        vendor_descriptions.register()  # those of a file that was not applied are not stored


@transaction.atomic
def _provision(declared: Mapping[str, Any], *, check_only: bool) -> Session:
    session = Session()
    before = approved_texts() if "templates" in declared else []
    for name in declared:
        if name not in SECTIONS:
            session.issues.append(ValidationIssue(name, f"unknown table; known are {', '.join(SECTIONS)}"))
    for name, section in SECTIONS.items():
        for at, table in read_section(name, declared.get(name, []), section.table, session.issues):
            section.apply(table, at, session)
    partners.report_set_aside(session)
    if session.issues:
        raise ProvisioningError(_in_file_order(session.issues, list(declared)))
    templates.note_shared_ids(session)
    if "templates" in declared:
        templates.note_effect(session, before)
    if check_only:
        transaction.set_rollback(True)
    return session


def _in_file_order(issues: list[ValidationIssue], sections: list[str]) -> list[ValidationIssue]:
    order = {name: number for number, name in enumerate(sections)}
    return sorted(issues, key=lambda issue: order.get(issue.path.partition("[")[0], -1))
