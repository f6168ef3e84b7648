"""How many rows a statement reads, by PostgreSQL's plan for it."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from django.db import connection, transaction

TRIED = 7
"""PostgreSQL plans a prepared statement for its values five times, before it may keep a plan for all values."""
LARGE = ("sms_message", "sms_attempt", "sms_callback", "sms_deliveryreport")


@dataclass
class Statement:
    """A statement with its parameters."""

    text: str
    parameters: Any

    def plan(self):
        """The plan where it is run once, as the statements of a page are."""
        return explained(f"EXPLAIN (ANALYZE, FORMAT JSON) {self.text}", self.parameters)

    def kept_plan(self):
        """The plan where it is prepared and was run often."""
        numbered, values = self.numbered()
        arguments = f"({', '.join(['%s'] * len(values))})" if values else ""
        with connection.cursor() as cursor:
            cursor.execute(f"PREPARE kept AS {numbered}")
            for _ in range(TRIED):
                plan = explained(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE kept {arguments}", values)
            cursor.execute("DEALLOCATE kept")
        return plan

    def numbered(self):
        """The statement with $1, $2 … and their values."""
        if isinstance(self.parameters, dict):
            names = list(self.parameters)
            text = re.sub(r"%\((\w+)\)s", lambda found: f"${names.index(found[1]) + 1}", self.text)
            return text, list(self.parameters.values())
        numbers = count(1)
        return re.sub("%s", lambda _: f"${next(numbers)}", self.text), list(self.parameters or ())


def explained(statement, parameters):
    """The plan of a statement that was run, and rolled back."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found = cursor.fetchone()[0]
        transaction.set_rollback(True)
    return (found if isinstance(found, list) else json.loads(found))[0]["Plan"]


def rows_read(plan):
    """How many rows of the large tables it read."""
    own = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
    mine = own if plan.get("Relation Name") in LARGE else 0
    return mine + sum(rows_read(part) for part in plan.get("Plans", ()))


@contextmanager
def statements():
    """Those of a block, as they were sent."""
    found = []

    def keep(execute, text, parameters, many, context):
        if "sms_" in text:
            found.append(Statement(text, parameters))
        return execute(text, parameters, many, context)

    with connection.execute_wrapper(keep):
        yield found


def read_at_most(rows, sent, *, are_kept=True):
    """Assert that none of the statements reads more rows of the large tables. `are_kept`: when prepared, too."""
    for statement in sent:
        for plan in (statement.plan(), *([statement.kept_plan()] if are_kept else [])):
            assert rows_read(plan) <= rows, (statement.text, plan)
