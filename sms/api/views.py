"""The base class of the endpoints for clients: order of checks, error format, record of rejected calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from sms.domain.codes import Refusal
from sms.services.configuration.snapshot import ClientFacts
from sms.services.intake import rejections
from sms.services.intake.rejections import Rejection
from sms.services.monitoring import metrics

from .authentication import BasicAuthentication
from .errors import answer, as_refusal, method_not_allowed


class FixedNegotiation(BaseContentNegotiation):
    """Ignores `Accept`: there is one format."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type


class ClientView(APIView):
    """A view for clients with Basic credentials: checks for 405 first, then 401, then the view's own."""

    authentication_classes = (BasicAuthentication,)
    permission_classes = ()
    throttle_classes = ()
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = FixedNegotiation
    default_response_headers: dict[str, str] = {}
    methods: tuple[str, ...] = ()
    """As the header Allow lists them."""
    client: ClientFacts | None = None
    values: Mapping[str, Any] = {}
    """The JSON object of the body, once it is parsed."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in self.methods:
            return method_not_allowed(self.methods)
        return super().dispatch(request, *args, **kwargs)

    def perform_authentication(self, request: Request) -> None:
        self.client = request.user

    def handle_exception(self, exc: Exception) -> HttpResponse:
        refusal = as_refusal(exc, self.request)
        metrics.refused(refusal.code.name)
        if self.client is not None and refusal.code.status < 500:
            rejections.record(self._rejection(refusal, self.client))
        return answer(refusal)

    def _rejection(self, refusal: Refusal, client: ClientFacts) -> Rejection:
        sender, to = (value if isinstance(value := self.values.get(name), str) else "" for name in ("from", "to"))
        is_otp = self.values.get("isOtp") is True
        return Rejection(refusal, client.id, self.request.request_id.value, sender, to, is_otp)
