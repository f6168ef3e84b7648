"""What to submit: for each provider the texts that are not approved there, to copy or as a file."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from sms.admin.common.csv_export import streamed
from sms.admin.common.page import page, require_permission
from sms.models import Provider
from sms.services.templates.preview import SAMPLES
from sms.services.templates.submissions import COLUMNS, Submission, submissions

from .vendor_import import NEEDED, providers

EXAMPLES = {kind.value: sample for kind, sample in SAMPLES.items()}
MOST_SHOWN = 200


@require_permission("sms.view_messagetemplate")
def show(request: HttpRequest) -> HttpResponse:
    known = providers()
    provider = next((each for each in known if each.slug == request.GET.get("provider", "")), None)
    if provider is None and len(known) == 1:
        provider = known[0]
    found = submissions(provider, EXAMPLES) if provider else []
    if provider is not None and request.GET.get("as") == "csv":
        return streamed(request, f"submit-{provider.slug}.csv", COLUMNS, (each.cells() for each in found))
    return _page(request, known, provider, found)


def _page(
    request: HttpRequest, known: list[Provider], provider: Provider | None, found: list[Submission]
) -> HttpResponse:
    return page(
        request,
        "templates_editor/submissions",
        _("What to submit"),
        providers=known,
        provider=provider,
        submissions=found[:MOST_SHOWN],
        count=len(found),
        may_import=request.user.has_perms(NEEDED),
    )
