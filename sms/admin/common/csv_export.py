"""Streams CSV downloads."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.http import StreamingHttpResponse

from sms.domain.csv_escaping import safe


class _Echo:
    """A file object whose `write` returns the line."""

    def write(self, line: str) -> str:
        return line


def streamed(name: str, head: Iterable[str], rows: Iterable[Iterable[Any]]) -> StreamingHttpResponse:
    """A download of the rows; only one batch of them is in memory at a time."""
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield "\ufeff" + writer.writerow(head)  # so that spreadsheets read UTF-8
        for row in rows:
            yield writer.writerow([safe(value) for value in row])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
