"""The tables, one module per subject."""

from .approval import ApprovalStatus, ConfirmedHow, TemplateApprovalStatus
from .approval_doubt import ApprovalDoubt
from .calling import CallingAddress
from .client import ApiClient, ClientAllowance, LoginSource, NewlineEscape, OnNoTemplate
from .destination import BlockedNumber, Destination, DestinationAllowance, DestinationMode
from .encrypted import EncryptedJSONField, UndecryptableError, UnreadableSecret
from .inbound import InboundCall, InboundGateway, InboundMessage, InboundPush, InboundPushAttempt, PushStatus
from .message import Attempt, AttemptPart, Message, MessageEvent, MessageOutcome
from .objective import Objective, ObjectivePeriod, ObjectiveSum, ShareMove, UsualFigures
from .operations import (
    Alert,
    AlertNotice,
    BulkOperation,
    ConfigurationStamp,
    Dispatcher,
    RetentionPeriods,
    RetentionWalk,
)
from .partner import Partner, RentedNumber
from .provider import Breaker, Provider, ProviderState
from .refusal import RefusalCount, RefusedRequest
from .report import Callback, DeliveryReport
from .rollup import (
    HourlyCount,
    HourlyDelivery,
    HourlyMatch,
    HourlyNewline,
    HourlyOtpShape,
    HourlyReceipt,
    HourlySpeed,
    RollupHour,
)
from .route import Route, RouteProvider, ShareMoves
from .sender import SenderApproval, SenderName
from .staff import AccessRecord, PersonalDataRecord, StaffPreferences
from .template import MessageTemplate, TemplateApproval, TemplateVersion
from .vendor_description import VendorDescription

__all__ = [
    "AccessRecord",
    "Alert",
    "AlertNotice",
    "ApiClient",
    "ApprovalDoubt",
    "ApprovalStatus",
    "Attempt",
    "AttemptPart",
    "BlockedNumber",
    "Breaker",
    "BulkOperation",
    "Callback",
    "CallingAddress",
    "ClientAllowance",
    "ConfigurationStamp",
    "ConfirmedHow",
    "DeliveryReport",
    "Destination",
    "DestinationAllowance",
    "DestinationMode",
    "Dispatcher",
    "EncryptedJSONField",
    "HourlyCount",
    "HourlyDelivery",
    "HourlyMatch",
    "HourlyNewline",
    "HourlyOtpShape",
    "HourlyReceipt",
    "HourlySpeed",
    "InboundCall",
    "InboundGateway",
    "InboundMessage",
    "InboundPush",
    "InboundPushAttempt",
    "LoginSource",
    "Message",
    "MessageEvent",
    "MessageOutcome",
    "MessageTemplate",
    "NewlineEscape",
    "Objective",
    "ObjectivePeriod",
    "ObjectiveSum",
    "OnNoTemplate",
    "Partner",
    "PersonalDataRecord",
    "Provider",
    "ProviderState",
    "PushStatus",
    "RefusalCount",
    "RefusedRequest",
    "RentedNumber",
    "RetentionPeriods",
    "RetentionWalk",
    "RollupHour",
    "Route",
    "RouteProvider",
    "SenderApproval",
    "SenderName",
    "ShareMove",
    "ShareMoves",
    "StaffPreferences",
    "TemplateApproval",
    "TemplateApprovalStatus",
    "TemplateVersion",
    "UndecryptableError",
    "UnreadableSecret",
    "UsualFigures",
    "VendorDescription",
]
