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
        "A message is sent at most once, unless staff or its route's rule for OTPs sends it again, or a vendor reports "
        "that it was not sent.",
        "a dispatcher that dies or freezes during a call; a lost answer; a lease that ends; a claim that is given "
        "back too late",
        "`simulate`; `prove lifecycle`; `tests/faults/test_killed_dispatchers.py`, `tests/providers/http/`",
    ),
    (
        "A message that may have been sent is `unconfirmed`. It is not sent again automatically, except at vendors "
        "that send each reference once (decision 22).",
        "a timeout, the death of a process or an unknown answer is treated as not sent",
        "`simulate`; `prove lifecycle`; `tests/faults/test_misbehaving_vendors.py`",
    ),
    (
        "A state changes as the lifecycle says, and no report moves it backwards.",
        "reports that come twice, late or in another order; a report beside an action of staff",
        "`prove lifecycle`; mutation; `tests/faults/test_report_orders.py`",
    ),
    (
        "The explained message says why it is in its state.",
        "a decision, a report or an action of staff that leaves no row, or a row without the change",
        "`prove explained`; `tests/sms/services/staff/test_explanation.py`",
    ),
    (
        "The text that the vendor sends is the accepted text.",
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
        "the previous version and the new one use one database at the same time; a return to the previous code",
        "`prove upgrade`; `tests/faults/test_rolling_restarts.py`, `tests/sms/test_migrations.py`",
    ),
]
MATCHING = """\
## Matching

`python3 dev.py prove matching --cases N --seed S` makes approvals as they are stored (templates that contain each
other, placeholders of every kind, registered texts in the vendors' notations) and texts in the scripts of several
countries. The approvals of one provider, with the texts that it is asked to send, are a group. Each text is decided
twice: by the product, from the stored rows to the parameters that are sent, and by an oracle that tries every approval
and every split (`tests/proofs/matching/oracle.py`). Whether a number, an amount, a date, a time, a name, a phone
number, an e-mail address, a text or a link with hosts fits its placeholder, the oracle asks the product; those rules
have tests of their own (`tests/sms/domain/matching/test_kinds.py`). Both must choose the same approval and parameters,
or give the same refusal, and the registered text with the parameters must equal the text. In every tenth group the
cost of matching a text of 400 and one of 1,600 characters is compared, in calls and in processor time.

The last long run (seed {seed}, {seconds:,} seconds, commit {commit}) had {cases:,} cases with {templates:,} templates,
of which {refused:,} must not be saved. {sent:,} texts were sent, {ties:,} were refused as ties, {misses:,} did not
match; {disagreements} disagreements. An earlier run found that `%1` before a digit of another script was read as
another parameter.

The cost is not linear for a run of combining marks, which Python's conversion to NFC sorts: 2 ms for 1,600 marks, and
longer texts are refused before they are converted.
"""
LIFECYCLE = """\
## Lifecycle

`python3 dev.py prove lifecycle --examples N` runs random orders of claims, claims whose answer was lost, results,
leases that end, reports, polls, expiry, erasure and actions of staff on both databases. A model
(`tests/proofs/lifecycle/model.py`) says which state may follow which, that only the owner of a lease may change a
message in `sending`, and that no call of a message begins while an earlier one may have been sent. None of the vendors
sends each reference once; repeats of a reference are part of the simulation only.

The last run (commit {commit}) had {examples:,} orders of up to {steps} steps on each database and {violations}
violations.

For each bug put in on purpose, a short order of steps breaks the model (`tests/proofs/lifecycle/test_lifecycle.py`).
The simulation does not find one of them: a lease that is not checked when a claim is given back. This bug has an effect
only if the process stops between the two statements of giving back, and its lease ends, staff send the message again
and another dispatcher claims it before the process continues.
"""
EXPLAINED = """\
## Explained messages

`python3 dev.py prove explained --histories N` runs the simulation with further actions of staff (resend, move,
resolve, cancel) and takes each message's explained JSON without its state. A checker without the product's code
(`tests/proofs/explained/checker.py`) rebuilds status, provider, number of attempts and code from it. They must equal
those of the message's row. A mismatch prints its seed, and `--seed S` replays it.

The last long run ({seconds:,} seconds beside other work, commit {commit}) had {histories:,} histories with {steps:,}
steps and {mismatches} mismatches; its first seed was 100000. The run before it (commit 89fd69c, seeds from 100001) had
nine: an attempt was listed before the end of the earlier one where its claim had waited for a lock, and a report before
what the end of the call at the same moment had led to. Other runs found that a report applied at the moment of the
quarantine after a restored backup was listed before it, and that two reports in one batch about a message that waited
for a retry left it with the provider of the retry. All of these are corrected. If the decisions of dispatchers, those
of rules, the reports, the ends of calls or the actions of staff are left out, the checker finds it within eleven seeds.

Not part of the histories: reports on the parts of a long message.
"""
UPGRADE = """\
## Upgrades

`python3 dev.py prove upgrade` takes the last version without the newest migration from git's history, migrates its
database and starts its processes. While messages are sent, the new version migrates, the old one works on the new
tables, both work beside each other, and the old processes are stopped. Then the old code is started again, without a
change of the tables, and the new processes are stopped. The messages go to all three vendors, one-time passwords among
them, with delivery reports by callback and by poll. At the end every message that was answered 201 must be stored
once and accepted once by a vendor, nothing may be unconfirmed, no call may have been answered with an error, and no
log may have an exception. The tables before and after the migration are compared, too: a column that is gone or has
another type, a new column that is not null and has no default in the database, and a new check or unique index on an
old column are findings. `--from COMMIT` begins with another version; `--all` takes each migration since 0013 with the
commit that added it.

The last run of `--all` (commit {commit}) had {pairs} pairs of versions with {messages:,} messages: {lost} lost,
{doubled} doubled, {unconfirmed} unconfirmed, {errors} answered with an error. {repeats} calls were cut off by the end
of the process that they were connected to, and were repeated with the same request id.

The columns that 0020 and 0026 added to the clients and to the preferences of staff had no default in the database, so
the previous version could not insert such rows after `migrate`; 0033 gives them one. The pairs of 0015 to 0018 are
skipped: two of these versions answer one-time passwords with 500 because of an error in their code. From the first
version (`--from`, {first[messages]:,} messages) to this one {first[lost]} were lost and {first[doubled]} doubled. Two
rules of 0008 remain findings there: 0.1 can't set an approval to `approved` on the new tables (docs/operations.md,
"Upgrades").

In two of four runs of the pair of 0024 a final state that eTelecom had given to a poll was not applied, and nothing
would have asked for it again. In the run that was examined, its rows and the log agree with this order: polling ended,
the database refused a statement of the old dispatcher during the migration, and the report was not stored. Since then
polling ends after the report is applied; the older versions of this pair can still lose such a report.
"""
MUTATION = """\
## Mutation

`mutmut run` changes one operator, constant or argument at a time and runs the fast tests of the file; CONTRIBUTING.md
says how. `killed` are the changes that a test noticed.

"""
WIDER_MUTATION = """\
mutmut changes the bodies of functions alone. A second run, by a script that is not part of the project, also changed
tables and defaults, and dropped conditions, elements and statements: 187 of 273 changes of `sms/domain/lifecycle.py`,
chosen at random. `tests/sms/domain/test_lifecycle.py` alone noticed 154 of them, and 175 since its new cases. One
found a needless bound, which is gone. 11 are left:

- Seven change numbers of the ranks of states without changing a comparison: below `submitted` only the order against
  `submitted` counts, and nothing is above `delivered`.
- Two change the text of `lease_over` and `internal_fault`, which this file's tests do not read.
- Two change defaults of `ReportEffect`. The script does not replace defaults of dataclasses, so these two say nothing.

The same script made 3,559 changes of `sms/domain/matching/`. 76 of them, the first of a random order, were tried with
the quickest tests of the changed line, and 56 were noticed. The other 20:

- Three showed needless conditions (two in `guessing.py`, one in `recognition.py`), which are gone.
- Seven have new tests: hosts and ports of links in `kinds.py` (2), templates without a whole word in `candidates.py`,
  names of parameters in `vendor_text.py` (2), a hint in `value_hints.py`, and a text without a value in `guessing.py`.
  The first three were tried again with the new texts, and are noticed; the other four were not tried again.
- Three say nothing: the script does not replace defaults of dataclasses and patterns that are composed of others.
- Four change no result, as far as reading shows: three only the time that it takes (`splitting.py`, `candidates.py`,
  `fingerprints.py`), and one adds a trial that can't succeed (`causes.py`).
- One (`nearest.py`) changes which template is named for a text that has no word in common with any.
- Two (`splitting.py`, `causes.py`) were tried with 5 of 26 and 19 of 58 tests, and have not been examined.

The SQL of `outbox.py`, `client_turns.py`, `claimed_messages.py` and `outcomes.py`, which claims and settles messages,
has 350 such changes. Its 68 conditions were changed one by one on PostgreSQL and tried with the tests meant for them:
55 were noticed. Of the other 13, four are in statements for SQLite and were noticed there, two have new tests
(`claim_polls`, `set_templates`), and one is no change. Five change no result: four compare an id beside a lease token
that is as unique, or a state beside a row that the same statement has locked, and an abandoned lease exists only in
`sending`. The last one lets a statement write an OTP's own attempt twice: PostgreSQL kept the right one, which it does
not promise. The other 282 changes, and the code around these statements, have not been tried.
"""


def load() -> Mapping[str, Any]:
    return json.loads(FILE.read_text())


def promises() -> list[str]:
    """The table of promises."""
    head = ("promise", "what could break it", "test")
    return ["## Promises", "", *_table(head, PROMISES), ""]


def sections(figures: Mapping[str, Any]) -> list[str]:
    """What the generated checks and the mutations found."""
    files = [tuple(f"{cell:,}" if isinstance(cell, int) else cell for cell in row) for row in figures["mutation"]]
    return [
        MATCHING.format(**figures["matching"]),
        LIFECYCLE.format(**figures["lifecycle"]),
        EXPLAINED.format(**figures["explained"]),
        UPGRADE.format(**figures["upgrade"]),
        MUTATION + "\n".join(_table(("file", "changes", "killed", "left", "why the others are left"), files)),
        "",
        WIDER_MUTATION,
    ]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in (head, ("---",) * len(head), *rows)]
