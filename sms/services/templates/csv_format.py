"""Templates with their approvals as a table: one row per template and approval, for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Prefetch

from sms.domain.csv_escaping import exact, original
from sms.models import MessageTemplate, TemplateApproval
from sms.services.table_files import rows as table_files_rows
from sms.services.table_files.rows import Table

from .approvals import vendor_text
from .csv_notation import written_parameters, written_placeholders

COLUMNS = ("name", "body", "placeholders", "provider", "vendor_template", "parameters", "text", "status", "note")
APPROVAL = COLUMNS[3:]
OPTIONAL = ("text",)
"""Optional columns."""
MOST_BYTES = 1024 * 1024
MOST_ROWS = 10_000
_AT_ONCE = 500
"""How many templates are read from the database at once."""


def rows() -> Iterator[tuple[str, ...]]:
    """Every template with each of its approvals. The cells are not yet escaped (`csv_escaping.safe`)."""
    approvals = TemplateApproval.objects.select_related("provider", "version").defer("provider__credentials")
    templates = MessageTemplate.objects.order_by("name").prefetch_related(
        Prefetch("approvals", queryset=approvals.order_by("provider__slug"))
    )
    for template in templates.iterator(chunk_size=_AT_ONCE):
        own = (template.name, template.body, written_placeholders(template.placeholders))
        for each in template.approvals.all() or (None,):
            yield tuple(exact(cell) for cell in (*own, *_approval(template, each)))


def _approval(template: MessageTemplate, approval: TemplateApproval | None) -> tuple[str, ...]:
    if approval is None:
        return ("",) * len(APPROVAL)
    parameters, text = written_parameters(approval.parameters), written_text(template, approval)
    return (approval.provider.slug, approval.vendor_template, parameters, text, approval.status, approval.note)


def written_text(template: MessageTemplate, approval: TemplateApproval) -> str:
    """The vendor's text if the template's current text differs: an import would give its id to the current text."""
    if not approval.text and approval.version_id in (None, template.current_version_id):
        return ""
    return vendor_text(approval)


def read(data: bytes) -> Table:
    """The rows of a table file by the names in `COLUMNS`; anything that can't be read is reported as an error."""
    return table_files_rows.read_table(
        data, COLUMNS, optional=OPTIONAL, most_bytes=MOST_BYTES, most_rows=MOST_ROWS, as_value=original
    )
