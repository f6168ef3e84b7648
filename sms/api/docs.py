"""GET /schema and /docs: the OpenAPI description, and a page that shows it from this host's files only."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularSwaggerSplitView

from .errors import method_not_allowed
from .health import METHODS
from .views import FixedNegotiation

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def schema(request: HttpRequest) -> HttpResponse:
    if request.method not in METHODS:
        return method_not_allowed(METHODS)
    return HttpResponse(schema_json(), content_type="application/json")


@lru_cache(maxsize=1)
def schema_json() -> bytes:
    return json.dumps(SchemaGenerator().get_schema(request=None, public=True)).encode()


class Docs(SpectacularSwaggerSplitView):
    """Swagger UI, with its script at an address of ours and its files from our static files."""

    url_name = "schema"
    authentication_classes = ()
    permission_classes = ()
    content_negotiation_class = FixedNegotiation

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in METHODS:
            return method_not_allowed(METHODS)
        response = super().dispatch(request, *args, **kwargs)
        response.headers["Content-Security-Policy"] = POLICY
        return response
