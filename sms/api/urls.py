"""The URLs of the API, each with and without a trailing slash: a redirected POST would lose its body."""

from __future__ import annotations

from django.urls import URLPattern, path

from .docs import Docs, schema
from .health import healthz, readyz
from .inbound import receive
from .messages import MessageDetail, MessageList
from .operations import metrics, status
from .outcomes import OutcomeById, OutcomeByRequestId
from .send_sms import SendSms
from .webhooks import webhook


def with_optional_slash(route: str, view: object, name: str) -> list[URLPattern]:
    return [path(route, view, name=name), path(f"{route}/", view)]  # type: ignore[arg-type]


urlpatterns = [
    *with_optional_slash("send-sms", SendSms.as_view(), "send-sms"),
    *with_optional_slash("messages", MessageList.as_view(), "messages"),
    *with_optional_slash("messages/<uuid:id>", MessageDetail.as_view(), "message"),
    *with_optional_slash("messages/<uuid:id>/outcome", OutcomeById.as_view(), "outcome"),
    *with_optional_slash("messages/outcome", OutcomeByRequestId.as_view(), "outcome-by-request-id"),
    *with_optional_slash("webhooks/<str:vendor>/<str:key>", webhook, "webhook"),
    *with_optional_slash("inbound/<str:key>", receive, "inbound"),
    *with_optional_slash("healthz", healthz, "healthz"),
    *with_optional_slash("readyz", readyz, "readyz"),
    *with_optional_slash("schema", schema, "schema"),
    *with_optional_slash("docs", Docs.as_view(), "docs"),
    *with_optional_slash("status", status, "status"),
    *with_optional_slash("metrics", metrics, "metrics"),
]
