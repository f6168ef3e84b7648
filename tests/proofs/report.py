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

`python3 dev.py mutate FILE...` changes one operator, condition, number, string, argument, statement or element of a
table at a time, in patterns and SQL parts of them, and runs the tests that execute the changed line, the quickest
first. It prints each change that no test notices. Texts for people, logs and types are left alone. `--share K/N` takes
a part in the random order of `--seed`, `--seconds` bounds the tests of one change, `--only OUTPUT` tries the changes of
an earlier output again. `noticed` are changes that made a test fail, or a test run without an end.

"""
WIDER_MUTATION = """\
The row of `sms/domain/matching/` is `--share 1/4 --seconds 4` (commit {commit}, {seconds:,} seconds beside other
work): {tried:,} of {changes:,} changes. Another {not_applied} could not be put in place, mostly because another file
had made patterns of a changed one; the tool does this since. Of these and of the others that were left, {again} in
`kinds.py`, `value_hints.py`, `identifiers.py`, `recognition.py` and `forms.py` were put in place again with the new
tests, and {again_noticed} were noticed. In the first run {all_tests} of those left were tried with all tests of their
line in `tests/sms/domain/matching/`, {part} with those of the first 4 seconds, and {none} have no test there. By
reading:

- **Defects, corrected.** An hour of one digit (`9h`) was never taken for a time, because the bound of the shortest
  value was three characters; the hint `zang` could not match, as “zəng” becomes `zeng`; “e-posta” and the Romanian
  “iun.” were not known.
- **Needless, deleted.** In `identifiers.py` a condition, an alternative of a pattern and a second conversion to lower
  case; in `folding.py` an entry of a table.
- **New tests.** The words that hint at a value (`value_hints.py`, new file of tests), lengths and joints of names
  (`identifiers.py`), months and currencies, codes inside phone numbers and hosts of links (`kinds.py`), declarations
  that mean the same (`placeholders.py`), a vendor's own names (`recognition.py`; a test there passed with an empty
  list), and runs of digits that differ in part (`tokens.py`).
- **Same result, another cost.** `candidates.py`: fewer or other tokens of a template, and the bound from which all
  entries are taken. `splitting.py`: caches, the number of occurrences that are searched one by one, and the question
  whether another way may help. `index.py`: garbage collection, conversions that change nothing. `nearest.py` and
  `causes.py`: bounds of the number of trials.
- **Same result.** Arguments of functions that treat both alike (`tokens.py`, `diff.py`, `causes.py`), the first
  character of a run of the same one (`tokens.py`), `search` where a later check needs the value's beginning
  (`splitting.py`, `kinds.py`), the second brace of two (`templates.py`).
- **Texts for staff alone.** Words of `describing.py`, `diff.py`, `causes.py` and of refusals in `vendor_text.py`:
  which difference is named, and how. The templates that are chosen do not depend on them.
- **Not examined one by one.** The other changes of `folding.py`, `fingerprints.py`, `forms.py`, `guessing.py`,
  `recognition.py` and `vendor_text.py`, and those of `splitting.py` and `kinds.py` that were tried with a part of the
  tests. Most of the other three quarters of the changes have not been tried.

A part of the second quarter was tried. Every kind's accepted values are matched inside texts since, because the pattern
that bounds a value could lose “ngày 25/11” or an hour such as `9h` unnoticed. Two changes in `splitting.py`, of the
parts that a value may not contain and of the ends of a name, were left by the quick tests, and `prove matching` noticed
them in 60,000 and 6,000 cases.

All changes of `sms/domain/lifecycle.py` took 20 seconds. One of the 25 showed a needless table, which is gone; two
have new tests (how often a call is repeated, and where). The others: numbers of ranks of states that keep their
order, defaults that the tests' expectations have as well, the names `lease_over` and `internal_fault`, arguments that
are joined by `and` in any order, and a comparison that another one repeats. An earlier run by mutmut had 263 changes
of functions.

The SQL of `outbox.py`, `client_turns.py`, `claimed_messages.py` and `outcomes.py`, which claims and settles messages,
was changed by a script that is not part of the project: 68 conditions on PostgreSQL, tried with the tests meant for
them, of which 55 were noticed. Of the other 13, four are in statements for SQLite and were noticed there, two have
new tests (`claim_polls`, `set_templates`), and one is no change. Five change no result: four compare an id beside a
lease token that is as unique, or a state beside a row that the same statement has locked, and an abandoned lease
exists only in `sending`. The last one lets a statement write an OTP's own attempt twice: PostgreSQL kept the right
one, which it does not promise. The other 282 changes, and the code around these statements, were not tried.
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
        MUTATION + "\n".join(_table(("files", "changes", "noticed", "left", "why the others are left"), files)),
        "",
        WIDER_MUTATION.format(**figures["matching_mutation"]),
    ]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in (head, ("---",) * len(head), *rows)]
