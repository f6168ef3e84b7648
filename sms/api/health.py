"""GET /healthz and /readyz: probes for supervisors and load balancers."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse

from sms.domain.codes import Refusal
from sms.services.monitoring.readiness import Readiness

from .errors import RETRY_AFTER, answer, method_not_allowed

METHODS = ("GET", "HEAD")

readiness = Readiness()


def healthz(request: HttpRequest) -> HttpResponse:
    """Liveness: the process answers."""
    if request.method not in METHODS:
        return method_not_allowed(METHODS)
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """Readiness: this process can accept messages."""
    if request.method not in METHODS:
        return method_not_allowed(METHODS)
    problems = readiness.problems()
    if problems:
        return answer(Refusal(*problems, retry_after=RETRY_AFTER))
    return JsonResponse({"status": "ok"})
