"""The list of share moves, made and advised, with their figures."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from providers.marking import N_
from sms.admin.common.base import ReadOnlyAdmin
from sms.admin.common.filters import listed
from sms.models import ShareMove, ShareMoves
from sms.translation import translated


@admin.register(ShareMove)
class ShareMoveAdmin(ReadOnlyAdmin):
    list_display = ("at", "route", "provider", "share", "mode", "evidence")
    list_filter = (listed(_("mode"), "mode", lambda: ShareMoves.choices[1:]),)
    list_select_related = ("route__client", "provider")
    fields = ("at", "route", "provider", "share", "mode", "evidence", "usual")

    @display(description=_("share"))
    def share(self, move: ShareMove) -> str:
        return f"{move.before} % → {move.after} %"

    @display(description=_("evidence"))
    def evidence(self, move: ShareMove) -> str:
        return _figures(move, "evidence")

    @display(description=_("usual figures"))
    def usual(self, move: ShareMove) -> str:
        return _figures(move, "usual")


_LABELS = {
    "time": N_("time"),
    "success": N_("success"),
    "receipt": N_("delivery reports"),
    "calls": N_("calls"),
    "log_seconds": N_("logarithm of the seconds"),
    "spread": N_("spread"),
    "failures": N_("failures"),
    "receipt_seconds": N_("seconds until the delivery report"),
    "missing": N_("missing delivery reports"),
}


def _figures(move: ShareMove, part: str) -> str:
    figures = move.figures.get(part, {}).items()
    return ", ".join(f"{translated(_LABELS.get(name, name))} {value}" for name, value in figures) or "—"
