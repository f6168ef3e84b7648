"""Memory: one module per subject."""

from .approval import ApprovalStatus
from .client import ApiClient, NewlineEscape, OnNoTemplate
from .encrypted import EncryptedJSONField, UndecryptableError
from .message import Attempt, Message, MessageEvent
from .operations import Alert, ConfigurationStamp, Dispatcher
from .provider import Breaker, Provider, ProviderState
from .refusal import RefusalCount, RefusedRequest
from .report import Callback, DeliveryReport
from .route import Route, RouteProvider
from .sender import SenderApproval, SenderName
from .template import MessageTemplate, TemplateApproval, TemplateVersion

__all__ = [
    "Alert",
    "ApiClient",
    "ApprovalStatus",
    "Attempt",
    "Breaker",
    "Callback",
    "ConfigurationStamp",
    "DeliveryReport",
    "Dispatcher",
    "EncryptedJSONField",
    "Message",
    "MessageEvent",
    "MessageTemplate",
    "NewlineEscape",
    "OnNoTemplate",
    "Provider",
    "ProviderState",
    "RefusalCount",
    "RefusedRequest",
    "Route",
    "RouteProvider",
    "SenderApproval",
    "SenderName",
    "TemplateApproval",
    "TemplateVersion",
    "UndecryptableError",
]
