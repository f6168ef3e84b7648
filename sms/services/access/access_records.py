"""Records what staff export, look up by number, or have shown: who, when and why."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from sms.models import AccessRecord
from sms.services.configuration.digests import number_digest
from sms.services.database import clock
from sms.services.database.bulk_sql import stored_value

Kind = AccessRecord.Kind
SAME_SEARCH = timedelta(minutes=15)
"""Within this time, the same search is one record, so that its further pages add none."""
_ADD = """
INSERT INTO sms_accessrecord (kind, actor, subject, detail, digest, reason, created_at)
SELECT %(kind)s, %(actor)s, %(subject)s, %(detail)s, %(digest)s, %(reason)s, {now}
WHERE %(kind)s <> 'searched' OR NOT EXISTS (
    SELECT 1 FROM sms_accessrecord WHERE created_at > {since} AND kind = %(kind)s AND actor = %(actor)s
                                         AND subject = %(subject)s AND digest = %(digest)s)
"""
_DIALECT = {
    "postgresql": {
        "now": "statement_timestamp()",
        "since": f"statement_timestamp() - interval '{SAME_SEARCH.seconds} seconds'",
    },
    "sqlite": {"now": "%(now)s", "since": "%(since)s"},
}


def record(kind: Kind, *, actor: str, subject: str, detail: str = "", number: str = "", reason: str = "") -> None:
    """`number`: in E.164 form; only its keyed digest is kept. One statement: lists have a budget of queries."""
    values = {
        "kind": kind.value,
        "actor": actor[:150],
        "subject": subject[:200],
        "detail": detail[:500],
        "digest": number_digest(number) if number else "",
        "reason": reason[:500],
    }
    if connection.vendor == "sqlite":
        now = clock.now()
        values |= {"now": now, "since": now - SAME_SEARCH}
    with connection.cursor() as cursor:
        statement = _ADD.format(**_DIALECT[connection.vendor])
        cursor.execute(statement, {name: stored_value(value) for name, value in values.items()})
