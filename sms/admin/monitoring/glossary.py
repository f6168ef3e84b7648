"""The status and error reference, generated from the tables that the product uses."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from providers.registry import SENDERS
from sms.admin.common.page import page
from sms.domain import status_descriptions
from sms.domain.codes import TABLE


def show(request: HttpRequest) -> HttpResponse:
    tables = (
        (_("Message statuses"), status_descriptions.STATUS.items()),
        (_("Attempt outcomes"), status_descriptions.OUTCOME.items()),
        (_("Delivery report statuses"), status_descriptions.REPORT.items()),
        (_("Failure classes of attempts"), status_descriptions.FAILURE.items()),
        (_("Internal codes of attempts and messages"), status_descriptions.CODE.items()),
    )
    vendors = [(SENDERS[slug].name, SENDERS[slug].codes) for slug in sorted(SENDERS) if SENDERS[slug].codes]
    return page(request, "glossary", _("Status and error reference"), tables=tables, vendors=vendors, codes=TABLE)
