"""What the words mean: one page, made from the tables that the product itself reads."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from providers.registry import SENDERS
from sms.admin.common.page import page
from sms.domain import words
from sms.domain.codes import TABLE


def show(request: HttpRequest) -> HttpResponse:
    tables = (
        (_("Statuses of a message"), words.STATUS.items()),
        (_("Outcomes of an attempt"), words.OUTCOME.items()),
        (_("What a vendor reports"), words.REPORT.items()),
        (_("Why an attempt failed"), words.FAILURE.items()),
        (_("Codes of our own"), words.CODE.items()),
    )
    vendors = [(SENDERS[slug].name, SENDERS[slug].codes) for slug in sorted(SENDERS) if SENDERS[slug].codes]
    return page(request, "legend", _("What the words mean"), tables=tables, vendors=vendors, codes=TABLE)
