"""The tables of the provisioning file as pydantic models: keys, types, limits and defaults.

Defaults apply to new rows only. A key that the file omits keeps its stored value: `model_fields_set` has the given
keys.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Annotated, Any

from django.db import models
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from providers.registry import FORWARDERS, SENDERS, why_missing
from sms.domain.destinations import NUMBER_TYPES
from sms.models import (
    ApiClient,
    ApprovalStatus,
    Destination,
    DestinationMode,
    InboundGateway,
    MessageTemplate,
    NewlineEscape,
    Objective,
    OnNoTemplate,
    Provider,
    RentedNumber,
    Route,
    SenderApproval,
    ShareMoves,
    TemplateApproval,
    TemplateApprovalStatus,
    VendorDescription,
)

LARGEST = 2_147_483_647  # the limit of PostgreSQL's integer column; SQLite accepts larger values


def _not_blank(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("blank", "must not be empty")
    return value


def _one_line(value: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise PydanticCustomError("control_character", "contains a control character; remove it")
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("out_of_range", "is not between the years 1 and 9999 in UTC") from None


def one_of(choices: Collection[str], why: Callable[[str], str] = lambda _: "") -> Any:
    """Evaluates the choices at each use, because they are the vendors in the registry at that time."""

    def check(value: str) -> str:
        if value not in choices:
            known = ", ".join(choices) or "(none is installed)"
            facts = {"shown": repr(value), "known": known, "why": why(value) and f". {why(value)}"}
            raise PydanticCustomError("choice", "{shown} is not one of {known}{why}", facts)
        return value

    return Annotated[str, AfterValidator(check), Field(json_schema_extra=lambda s: s.update(enum=list(choices)))]


Line = Annotated[str, AfterValidator(_one_line)]
Name = Annotated[Line, AfterValidator(_not_blank)]
Text = Annotated[str, AfterValidator(_not_blank)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Number = Annotated[int, Field(ge=0, le=LARGEST)]
Percent = Annotated[float, Field(allow_inf_nan=False)]


def column(model: type[models.Model], name: str) -> Any:
    """A key that is a column of the model, with the column's default and help text."""
    field = model._meta.get_field(name)
    default = field.get_default() if field.has_default() else None
    return Field(default=getattr(default, "value", default), description=str(field.help_text) or None)


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    def given(self, *excluded: str) -> dict[str, Any]:
        """The values of the keys that the file names."""
        return self.model_dump(exclude_unset=True, exclude=set(excluded))


class ClientTable(Table):
    username: Name
    password: Name | None = Field(default=None, description="Left out: one is generated and printed once.")
    newline_escape: one_of(NewlineEscape.values) = column(ApiClient, "newline_escape")
    senders: list[Name] = Field(default=[], description="Left out: every sender.")
    rate_limit: Number = column(ApiClient, "rate_limit")
    daily_budget: Number = column(ApiClient, "daily_budget")
    read_messages: bool = column(ApiClient, "read_messages")
    on_no_template: one_of(OnNoTemplate.values) = column(ApiClient, "on_no_template")
    otp_per_number: Number = column(ApiClient, "otp_per_number")
    otp_per_range: Number = column(ApiClient, "otp_per_range")
    slot_share: Number = column(ApiClient, "slot_share")
    country_limits: dict[str, Number] = column(ApiClient, "country_limits")


class VendorDescriptionTable(Table):
    slug: Name
    text: Text = column(VendorDescription, "text")


class ProviderTable(Table):
    slug: Name
    vendor: one_of(SENDERS, why_missing) = ""
    base_url: Line = column(Provider, "base_url")
    enabled: bool = column(Provider, "enabled")
    timeout: Number = column(Provider, "timeout")
    max_in_flight: Number = column(Provider, "max_in_flight")
    rate_limit: Number = column(Provider, "rate_limit")
    shown_sender: Line = column(Provider, "shown_sender")
    low_balance: Number = column(Provider, "low_balance")
    reports_per_minute: Number = column(Provider, "reports_per_minute")
    credentials: dict[str, Any] = {}
    options: dict[str, Any] = {}


class SenderApprovalTable(Table):
    provider: Name
    vendor_name: Line = column(SenderApproval, "vendor_name")
    status: one_of(ApprovalStatus.values) = column(SenderApproval, "status")


class SenderTable(Table):
    name: Name
    approvals: list[SenderApprovalTable] = []


class TemplateApprovalTable(Table):
    provider: Name
    vendor_template: Line = column(TemplateApproval, "vendor_template")
    parameters: Any = column(TemplateApproval, "parameters")
    text: str = column(TemplateApproval, "text")
    status: one_of(TemplateApprovalStatus.values) = column(TemplateApproval, "status")


class TemplateTable(Table):
    name: Name
    body: Text = ""
    placeholders: dict[str, Any] = column(MessageTemplate, "placeholders")
    approvals: list[TemplateApprovalTable] = []


class DestinationTable(Table):
    country: Name
    mode: one_of(DestinationMode.values) = column(Destination, "mode")
    number_types: Annotated[list[one_of(NUMBER_TYPES)], Field(min_length=1)] = column(Destination, "number_types")
    daily_limit: Number = column(Destination, "daily_limit")


class ObjectiveTable(Table):
    provider: Name | None = column(Objective, "provider")
    country: Line = column(Objective, "country")
    is_otp: bool | None = column(Objective, "is_otp")
    answer_percent: Percent = column(Objective, "answer_percent")
    answer_seconds: Number = column(Objective, "answer_seconds")
    receipt_percent: Percent = column(Objective, "receipt_percent")
    receipt_seconds: Number = column(Objective, "receipt_seconds")
    success_percent: Percent = column(Objective, "success_percent")


class RouteTable(Table):
    prefix: Name
    is_otp: bool | None = column(Route, "is_otp")
    client: Name | None = column(Route, "client")
    providers: list[Name] = []
    otp_ttl: Number = column(Route, "otp_ttl")
    ttl: Number = column(Route, "ttl")
    resend_unconfirmed_otp: bool = column(Route, "resend_unconfirmed_otp")
    share_moves: one_of(ShareMoves.values) = column(Route, "share_moves")


class BlockedNumberTable(Table):
    phone: Name


class PartnerTable(Table):
    slug: Name
    vendor: one_of(FORWARDERS, why_missing) = ""
    url: Name = ""
    credentials: dict[str, Any] = {}
    options: dict[str, Any] = {}


class RentedNumberTable(Table):
    phone: Name
    operation_id: Number = column(RentedNumber, "operation_id")
    partner: Name = ""
    active: bool = column(RentedNumber, "active")
    valid_from: Moment = Field(default=None, alias="from")
    valid_until: Moment = Field(default=None, alias="until")


class GatewayTable(Table):
    slug: Name
    fields: dict[str, Any] = column(InboundGateway, "fields")
    repeat_seconds: Number = column(InboundGateway, "repeat_seconds")
    calls_per_minute: Number = column(InboundGateway, "calls_per_minute")
    networks: list[str] = column(InboundGateway, "networks")
