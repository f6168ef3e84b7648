"""The page for Akinon: endpoint, credentials and the meaning of the responses."""

from __future__ import annotations

import json
import shlex

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from sms.admin.common.page import page, require_permission
from sms.domain.codes import TABLE
from sms.models import ApiClient, NewlineEscape

SEND_STATUSES = frozenset({400, 401, 413, 415, 422, 429, 500, 503})


@require_permission("sms.view_apiclient")
def show(request: HttpRequest) -> HttpResponse:
    clients = list(ApiClient.objects.filter(enabled=True))
    wanted = request.GET.get("client", "")
    client = next((c for c in clients if c.username == wanted), clients[0] if clients else None)
    return page(
        request,
        "integration_guide",
        _("API credentials and integration guide"),
        client=client,
        clients=clients,
        address=f"{settings.PUBLIC_URL or 'http://127.0.0.1:8000'}/send-sms",
        curl=_curl(client) if client else "",
        codes=[code for code in TABLE if code.status in SEND_STATUSES],
        newline=NewlineEscape(client.newline_escape).label if client else "",
    )


def _curl(client: ApiClient) -> str:
    sender = client.senders.first() if not client.all_senders else None
    fields = {"from": sender.name if sender else "AKINON", "to": "+994501234567", "text": "Hello", "isOtp": False}
    words = ["curl", "-i", "-u", f"{client.username}:SECRET", "-H", "Content-Type: application/json"]
    words += ["-H", "x-akinon-request-id: test-1", "-d", json.dumps(fields)]
    address = f"{settings.PUBLIC_URL or 'http://127.0.0.1:8000'}/send-sms"
    return " ".join(shlex.quote(word) for word in (*words, address))
