"""docs/reliability.md: what the suite measured. `python -m tests.faults.support.report` writes it anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.proofs import report as proofs
from tests.simulation import figures as simulation

from .ledger import load

DOCUMENT = Path(__file__).parents[3] / "docs" / "reliability.md"
HEAD = """\
# Reliability

<!-- Written by `python3 dev.py test --faults`: don't edit. The text is in
tests/faults/support/report.py and tests/proofs/report.py. -->

What the shop and its staff may rely on, what could break it, which test would fail then, and the last figures.
`simulate` and `prove` are commands of `dev.py`; a quick run of each is part of `python3 dev.py test`.
"""
FAULTS = """\
## Faults

`python3 dev.py test --faults` starts real processes (gunicorn, dispatchers, PostgreSQL, simulated vendors), breaks them
with real signals while messages are sent, and then compares the answers to the callers, the rows of the database and
what the vendors accepted. Each row is of the last run in which its test passed.

- **Lost**: answered 201, and not stored exactly once.
- **Doubled**: accepted more than once by vendors, unless a person or the route's rule for OTPs sent it again, or the
  vendor reported that the first one was not sent.
- **Unconfirmed**: it is not known whether the message was sent. It is not sent again automatically, except at vendors
  that send each reference once (decision 22). A delivery report, a poll or a person resolves it. A killed
  dispatcher leaves at most as many as it has slots.
- **Recovered**: seconds from the fault's end (a lock freed, a server that answers again) to the next accepted message;
  for a failover from the primary's death; for killed dispatchers until the whole backlog was gone, leases included.

What vendors can do to a call has a table of its own in the tests (`tests/faults/test_misbehaving_vendors.py`).

{sentence}
"""
SENTENCE = (
    "No message is lost or doubled when a process or the database crashes and the disk is kept, or at a failover to a "
    "synchronous standby. A failover to an asynchronous standby loses what the standby had not received. After such a "
    "failover, or after a restored backup, run `manage.py park` before the next `dispatch`."
)
SMPP = """\
## SMPP through Kannel

`python3 dev.py test --smpp` runs the product with the real Kannel and a simulated SMSC. "A message is sent at most
once" ends at Kannel: it holds until Kannel accepts the message (HTTP 202), and what follows is Kannel's.
"""
BEHIND_KANNEL = (
    ("fault", "what happens"),
    ("---", "---"),
    ("smsbox or bearerbox is away when the message is sent", "nothing was sent: the next provider, or a retry"),
    ("the connection to smsbox breaks before its answer", "`unconfirmed`"),
    (
        "bearerbox is killed (kill -9) with messages in its queue",
        "none is lost; the reports of earlier messages still come",
    ),
    ("the SMSC refuses (`NACK/0x…`)", "the next provider"),
    (
        "the SMSC throttles",
        "Kannel submits again, at most five times; then the message is `undelivered`, and goes to no other provider",
    ),
    (
        "the connection to the SMSC breaks after a message and before its answer",
        "**Kannel submits it again: the recipient may get it twice.** This can't be switched off",
    ),
    (
        "the SMSC refuses such a second submission, for example as a repeat",
        "Kannel reports the refusal alone: **the next provider sends the message, too**",
    ),
    (
        "the SMSC does not answer, and the connection stays",
        "Kannel does not submit again; the message stays `submitted` until a report comes",
    ),
    (
        "smsbox is killed while it holds a report that we did not accept",
        "the report is lost: the message stays as it is",
    ),
)
"""Faults between Kannel and the operator (tests/smpp)."""
SIMULATION = """\
## Simulation

`python3 dev.py simulate --seeds N` runs intake, three dispatchers, reports, polls, breakers and restored backups in one
process, without threads. One seed chooses the clock, what the network does to each call (including the byte at which
it is cut), what the database answers, and at which statement or commit a process dies. The code that runs is the
product's; the sockets, the clock and the commits are replaced, and the vendors' side counts what reached it. The
database is SQLite in memory, so row locks and lock conflicts of PostgreSQL are not part of it. At the end of each seed
the faults stop, and the run continues until nothing is in flight. Then these are checked: every accepted message is
stored once, and was sent at most once with the accepted text; its state agrees with what the vendors did and reported;
and each unconfirmed message has a reason (a byte of the call was sent, its process died or froze during the call, or a
backup was restored). A violation prints its seed, and `--seed S` replays it exactly.

The last long run ({seconds:.0f} seconds, commit {commit}, `--seeds {seeds}`) had {messages:,} messages, {kills:,}
kills, {faults:,} faults and {violations} violations.

Bugs put in on purpose (`tests/simulation/bugs.py`), and the first seed that finds each:

"""
ASYNCHRONOUS = "asynchronous standby"
COLUMNS = ("fault", "database", "runs", "messages", "lost", "doubled", "unconfirmed", "recovered (s)")


def document(rows: list[dict[str, Any]]) -> str:
    """The whole document. Raises ValueError where a row does not hold what the document says."""
    broken = [row for row in rows if (row["lost"] or row["doubled"]) and ASYNCHRONOUS not in row["fault"]]
    if broken:
        raise ValueError(f"these rows have losses or doubles: {broken}")
    lines = [HEAD, *proofs.promises(), FAULTS.format(sentence=SENTENCE), _line(COLUMNS)]
    lines.append(_line(["---", "---", *["---:"] * 6]))
    lines += [_line(_cells(row)) for row in sorted(rows, key=lambda row: (row["fault"], row["database"]))]
    lines += ["", _total(rows), "", SMPP, *map(_line, BEHIND_KANNEL), ""]
    return "\n".join([*lines, *_simulation(simulation.load()), *proofs.sections(proofs.load())])


def _simulation(figures: dict[str, Any]) -> list[str]:
    """What the simulation is, its last figures, and the bugs that it finds."""
    text = SIMULATION.format(**figures | {"faults": sum(figures["faults"].values())})
    bugs = [_line((name.replace("_", " "), str(seed))) for name, seed in figures["bugs"].items()]
    return [text + _line(("bug", "seed")), _line(("---", "---:")), *bugs, ""]


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
