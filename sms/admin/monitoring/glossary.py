"""What the words mean: one page, made from the tables that the product itself reads."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from providers.registry import SENDERS
from sms.admin.common.page import page
from sms.domain import status_descriptions
from sms.domain.codes import TABLE


def show(request: HttpRequest) -> HttpResponse:
    tables = (
        (_("Statuses of a message"), status_descriptions.STATUS.items()),
        (_("Outcomes of an attempt"), status_descriptions.OUTCOME.items()),
        (_("What a vendor reports"), status_descriptions.REPORT.items()),
        (_("Why an attempt failed"), status_descriptions.FAILURE.items()),
        (_("Codes of our own"), status_descriptions.CODE.items()),
    )
    vendors = [(SENDERS[slug].name, SENDERS[slug].codes) for slug in sorted(SENDERS) if SENDERS[slug].codes]
    return page(request, "glossary", _("What the words mean"), tables=tables, vendors=vendors, codes=TABLE)
