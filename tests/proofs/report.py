"""The parts of docs/reliability.md about promises, generated checks and mutations; figures.json has the figures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "figures.json"
PROMISES = [
    (
        "An accepted message is stored once.",
        "a process that dies between commit and answer; two equal calls at once; a failed INSERT",
        "`simulate`; `tests/faults/test_killed_web.py`, `tests/faults/test_repeats.py`",
    ),
    (
        "A message is sent at most once, unless staff, its route's rule for OTPs, or a vendor's word that it never "
        "left say otherwise.",
        "a dispatcher that dies or freezes during a call; a lost answer; a lease that ends; a claim that is given "
        "back too late",
        "`simulate`; `prove lifecycle`; `tests/faults/test_killed_dispatchers.py`, `tests/providers/http/`",
    ),
    (
        "What may have been sent is `unconfirmed`, and is not sent again by itself.",
        "a timeout, a process's death or an unknown answer that counts as not sent",
        "`simulate`; `prove lifecycle`; `tests/faults/test_misbehaving_vendors.py`",
    ),
    (
        "A state changes as the lifecycle says, and no report moves it backwards.",
        "reports that come twice, late or in another order; a report beside an action of staff",
        "`prove lifecycle`; mutation; `tests/faults/test_report_orders.py`",
    ),
    (
        "What the vendor sends reads as the accepted text.",
        "a wrong split; parameters in another order; letters and marks in another form; another registered text",
        "`prove matching`; `simulate`; `tests/sms/domain/matching/`",
    ),
    (
        "A text that two templates give equally well is refused.",
        "templates that contain each other; kinds and lengths that count differently",
        "`prove matching`; `simulate`",
    ),
    (
        "The cost of a match grows with the length of the text, and not faster.",
        "repeated words, placeholders that begin everywhere, thousands of templates",
        "`prove matching`; `tests/sms/domain/matching/test_matching_cost.py`",
    ),
    (
        "After a restored backup and `park`, nothing is sent twice.",
        "messages that were sent after the backup was taken",
        "`simulate`; `tests/faults/test_restore.py`",
    ),
    (
        "A provider's limits hold over all dispatchers.",
        "dispatchers that claim at the same time",
        "`tests/faults/test_limits.py`",
    ),
    (
        "During an upgrade nothing is lost or doubled.",
        "the previous release beside the new one on one database",
        "`tests/faults/test_rolling_restarts.py`, `tests/sms/test_migrations.py`",
    ),
]
MATCHING = """\
## Matching

`python3 dev.py prove matching --cases N --seed S` makes approvals as they are stored (templates that contain each
other, placeholders of every kind, registered texts in the vendors' notations) and texts in the scripts of several
countries, and decides each text twice: by the product, from the stored rows to the parameters that are sent, and by an
oracle that tries every approval and every split (`tests/proofs/matching/oracle.py`). Both must name the same approval
and parameters, or the same refusal, and the registered text with the parameters must be the text. In every tenth group
the cost of matching a text of 400 and one of 1,600 characters is compared, in calls and in processor time.

Last long run (seed {seed}, {seconds:,} seconds, commit {commit}): {cases:,} cases with {templates:,} templates, of
which {refused:,} must not be saved; {sent:,} sent, {ties:,} ties refused, {misses:,} not matched;
{disagreements} disagreements. A first run found that `%1` before a digit of another script was read as another place.

Not linear is Python's own conversion to NFC of a run of combining marks: 2 ms for 1,600 of them. Longer texts are
refused before.
"""
LIFECYCLE = """\
## Lifecycle

`python3 dev.py prove lifecycle --examples N` makes random orders of claims, claims whose answer was lost, results,
leases that run out, reports, polls, expiry, erasure and actions of staff on both databases. A model
(`tests/proofs/lifecycle/model.py`) says which state may follow which, that only the owner of a lease may change a
message in `sending`, and that a message is called only while no earlier call of it may have gone out.

Last run (commit {commit}): {examples:,} orders of up to {steps} steps on each database, {violations} violations.

For each of {bugs} bugs put in on purpose, a short order of steps breaks the model
(`tests/proofs/lifecycle/test_lifecycle.py`). One of them the simulation does not find: a lease that is not checked when
a claim is given back. It does harm only where the process stands still between the two statements of giving back, for
so long that its lease ends, staff send the message again, and another dispatcher claims it.
"""
MUTATION = """\
## Mutation

`mutmut run` changes one operator, constant or argument at a time and runs the fast tests of the file; CONTRIBUTING.md
says how. `killed` are the changes that a test noticed.

"""


def load() -> Mapping[str, Any]:
    return json.loads(FILE.read_text())


def promises() -> list[str]:
    """The table of promises."""
    head = ("promise", "what could break it", "what notices it")
    return ["## Promises", "", *_table(head, PROMISES), ""]


def sections(figures: Mapping[str, Any]) -> list[str]:
    """What the generated checks and the mutations found."""
    files = [tuple(f"{cell:,}" if isinstance(cell, int) else cell for cell in row) for row in figures["mutation"]]
    return [
        MATCHING.format(**figures["matching"]),
        LIFECYCLE.format(**figures["lifecycle"]),
        MUTATION + "\n".join(_table(("file", "changes", "killed", "left", "why the others are left"), files)),
        "",
    ]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in (head, ("---",) * len(head), *rows)]
