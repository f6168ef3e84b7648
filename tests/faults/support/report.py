"""docs/reliability.md: what the suite measured. `python -m tests.faults.support.report` writes it anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .ledger import load

DOCUMENT = Path(__file__).parents[3] / "docs" / "reliability.md"
HEAD = """\
# Reliability

<!-- Written by `python3 dev.py test --faults`: don't edit. The text is in tests/faults/support/report.py. -->

What the shop and its staff may rely on, and what was measured. The suite starts real processes (gunicorn,
dispatchers, PostgreSQL, simulated vendors), breaks them with real signals while messages flow, and then compares what
callers were answered, what the database holds and what the vendors took.

- **Lost**: answered 201, and not stored exactly once.
- **Doubled**: taken more than once by vendors without a person, a route's own rule for OTPs, or a vendor's word that
  the first one never left.
- **Unconfirmed**: nobody knows whether it went out. Such a message is never sent again by itself: a report of the
  vendor, a poll or a person settles it. A killed dispatcher leaves at most as many as it has slots.
- **Recovered**: seconds from the fault's end (a lock freed, a server that answers again) to the next accepted message;
  for a failover from the primary's death; for killed dispatchers until the whole backlog was gone, leases included.

What vendors can do to a call has a table of its own in the tests (`tests/faults/test_misbehaving_vendors.py`).

{sentence}
"""
SENTENCE = (
    "Nothing is lost and nothing is doubled at any crash of a process or of the database on the same disk, and at a "
    "failover to a synchronous standby; a failover to an asynchronous standby loses what it had not received, and "
    "after one, or after a restored backup, `manage.py park` comes before the next `dispatch`."
)
ASYNCHRONOUS = "asynchronous standby"
COLUMNS = ("fault", "database", "runs", "messages", "lost", "doubled", "unconfirmed", "recovered (s)")


def document(rows: list[dict[str, Any]]) -> str:
    """The whole document. Raises ValueError where a row does not hold what the document says."""
    broken = [row for row in rows if (row["lost"] or row["doubled"]) and ASYNCHRONOUS not in row["fault"]]
    if broken:
        raise ValueError(f"these rows have losses or doubles: {broken}")
    lines = [HEAD.format(sentence=SENTENCE), _line(COLUMNS), _line(["---", "---", *["---:"] * 6])]
    lines += [_line(_cells(row)) for row in sorted(rows, key=lambda row: (row["fault"], row["database"]))]
    return "\n".join([*lines, "", _total(rows), ""])


def _cells(row: dict[str, Any]) -> list[str]:
    recovered = "" if row["recovered"] is None else f"{row['recovered']:g}"
    return [row["fault"], row["database"], *(f"{row[n]:,}" for n in COLUMNS[2:7]), recovered]


def _line(cells: Any) -> str:
    return "| " + " | ".join(cells) + " |"


def _total(rows: list[dict[str, Any]]) -> str:
    sure = [row for row in rows if ASYNCHRONOUS not in row["fault"]]
    sums = {name: sum(row[name] for row in sure) for name in ("runs", "messages", "lost", "doubled", "unconfirmed")}
    return (
        f"Together, without the asynchronous standby: {sums['runs']:,} faults over {sums['messages']:,} messages, "
        f"{sums['lost']} lost, {sums['doubled']} doubled, {sums['unconfirmed']:,} unconfirmed."
    )


def write(rows: list[dict[str, Any]]) -> None:
    DOCUMENT.write_text(document(rows))


if __name__ == "__main__":
    write(load())
