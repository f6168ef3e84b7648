"""The list of share moves, made and advised, with their figures."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from sms.admin.common.base import ReadOnlyAdmin
from sms.admin.common.filters import listed
from sms.models import ShareMove, ShareMoves

_FIGURES = {
    "time": _("time"),
    "success": _("success"),
    "receipt": _("receipt"),
    "calls": _("calls"),
    "log_seconds": _("logarithm of the seconds"),
    "spread": _("its spread"),
    "failures": _("failed calls"),
    "receipt_seconds": _("seconds to a report"),
    "missing": _("missing reports"),
}


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


def _figures(move: ShareMove, part: str) -> str:
    figures = move.figures.get(part, {})
    return ", ".join(f"{_FIGURES.get(name, name)}: {value}" for name, value in figures.items()) or "—"
