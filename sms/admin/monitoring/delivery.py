"""The page of deliveries: how many messages arrived, as far as is known, by provider, country, and so on."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from sms.admin.common.page import page, require_permission
from sms.domain.quality.delivery import FEWEST
from sms.services.analytics.arrivals import SAMPLE, read_arrivals
from sms.services.analytics.delivery import MAX_LINES, read_deliveries
from sms.services.database import clock

GROUPS = {
    "provider": _("Provider"),
    "country": _("Country"),
    "template": _("Template"),
    "sender": _("Sender name"),
    "client": _("Client"),
    "hour": _("Hour"),
}
STEPS = (_("10 s"), _("1 minute"), _("10 minutes"), _("1 hour"), _("1 day"), _("7 days"))
"""Of EDGES."""
PERIODS = {"1": _("24 hours"), "7": _("7 days"), "30": _("30 days")}


@require_permission("sms.view_message")
def show(request: HttpRequest) -> HttpResponse:
    by, days = (
        value if (value := request.GET.get(name, "")) in known else next(iter(known))
        for name, known in (("by", GROUPS), ("days", PERIODS))
    )
    since = clock.now() - timedelta(days=int(days))
    shown = {
        "lines": read_deliveries(by, since),
        "arrivals": read_arrivals(since),
        "steps": STEPS,
        "sample": SAMPLE,
        "by": by,
        "by_name": GROUPS[by],
        "days": days,
        "fewest": FEWEST,
        "most": MAX_LINES,
    }
    return page(request, "delivery", _("Deliveries"), groups=GROUPS.items(), periods=PERIODS.items(), **shown)
