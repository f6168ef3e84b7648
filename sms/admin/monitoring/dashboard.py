"""The dashboard: figures, a chart with its table, and open alerts."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest
from django.utils.timezone import localtime

from sms.domain.lifecycle import Status
from sms.services.monitoring import dashboard
from sms.translation import translated

from . import outage_card

COLOURS = {
    Status.DELIVERED: "#15803d",
    Status.SENT: "#0f766e",
    Status.SUBMITTED: "#2dd4bf",
    Status.QUEUED: "#60a5fa",
    Status.SENDING: "#1d4ed8",
    Status.HELD: "#a16207",
    Status.UNCONFIRMED: "#f59e0b",
    Status.UNDELIVERED: "#f87171",
    Status.FAILED: "#b91c1c",
    Status.EXPIRED: "#7f1d1d",
    Status.CANCELED: "#9ca3af",
}

OPTIONS = {
    "animation": False,
    "responsive": True,
    "maintainAspectRatio": False,
    "grouped": True,
    "plugins": {"legend": {"display": True, "position": "bottom", "align": "start", "labels": {"boxWidth": 10}}},
    "scales": {
        "x": {"stacked": True, "grid": {"display": False}},
        "y": {"stacked": True, "beginAtZero": True, "ticks": {"precision": 0}, "border": {"width": 0}},
    },
}


def context(request: HttpRequest, given: dict[str, Any]) -> dict[str, Any]:
    """Added to the index page by the theme (UNFOLD["DASHBOARD_CALLBACK"])."""
    if not request.user.has_perm("sms.view_message"):
        return given
    board = dashboard.read_dashboard()
    table = [(hour, [series[at] for series in board.series.values()]) for at, hour in enumerate(board.hours)]
    chart = json.dumps({"labels": [f"{localtime(hour):%H:%M}" for hour in board.hours], "datasets": _datasets(board)})
    cards = outage_card.all_cards(request, board.outages)
    shown = {"board": board, "chart": chart, "chart_options": json.dumps(OPTIONS), "table": table, "outages": cards}
    return {**given, **shown}


def _datasets(board: dashboard.Dashboard) -> list[dict[str, Any]]:
    return [
        {"label": translated(status), "data": numbers, "backgroundColor": COLOURS[Status(status)], "stack": "all"}
        for status, numbers in board.series.items()
    ]
