"""Streams CSV downloads."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, StreamingHttpResponse

from sms.domain.csv_escaping import safe
from sms.services.access import access_records

from .phone_numbers import searched


class _Echo:
    """A file object whose `write` returns the line."""

    def write(self, line: str) -> str:
        return line


def streamed(
    request: HttpRequest, name: str, head: Iterable[str], rows: Iterable[Iterable[Any]]
) -> StreamingHttpResponse:
    """A download of the rows, which is recorded; only one batch of them is in memory at a time."""
    _record(request, name)
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield "\ufeff" + writer.writerow(head)  # so that spreadsheets read UTF-8
        for row in rows:
            yield writer.writerow([safe(value) for value in row])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _record(request: HttpRequest, name: str) -> None:
    """The filters of an export. A number that was searched for is kept as its digest."""
    filters = request.GET.copy()
    term = filters.pop("q", [""])[-1]
    ticked = len(request.POST.getlist(ACTION_CHECKBOX_NAME))
    chosen = [f"{key}={value}" for key, value in filters.items()] + (["a search"] if term else [])
    chosen = [f"{ticked} selected rows"] if ticked else chosen
    access_records.record(
        access_records.Kind.EXPORTED,
        actor=request.user.get_username(),
        subject=name,
        detail=", ".join(chosen),
        number=searched(term),
    )
