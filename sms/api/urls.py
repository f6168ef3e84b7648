"""The machines' addresses. Each is served with a slash at its end and without: a redirected POST loses its body."""

from __future__ import annotations

from django.urls import URLPattern, path

from .docs import Docs, schema
from .health import healthz, readyz
from .inbound import receive
from .messages import MessageDetail, MessageList
from .operations import metrics, status
from .send_sms import SendSms
from .webhooks import webhook


def both(route: str, view: object, name: str) -> list[URLPattern]:
    return [path(route, view, name=name), path(f"{route}/", view)]  # type: ignore[arg-type]


urlpatterns = [
    *both("send-sms", SendSms.as_view(), "send-sms"),
    *both("messages", MessageList.as_view(), "messages"),
    *both("messages/<uuid:id>", MessageDetail.as_view(), "message"),
    *both("webhooks/<str:vendor>/<str:key>", webhook, "webhook"),
    *both("inbound/<str:key>", receive, "inbound"),
    *both("healthz", healthz, "healthz"),
    *both("readyz", readyz, "readyz"),
    *both("schema", schema, "schema"),
    *both("docs", Docs.as_view(), "docs"),
    *both("status", status, "status"),
    *both("metrics", metrics, "metrics"),
]
