"""I1 to I8: what holds after every fault.

I1 every request answered 201 has exactly one row
I2 the vendors took each message at most once, unless one of the three exceptions applies
I3 the states add up, and nothing is left in `sending`
I4 the vendor has none of the queued, failed, expired, canceled, held; it has each of the submitted, sent, delivered,
   undelivered; only unconfirmed may be either
I5 within an attempt the rank of its reports never falls
I6 no secret, one-time password or full number in any log
I7 every whole answer but 2xx is in the error format
I8 the backlog is sent without intervention
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

from tests.support.environment import PRODUCT
from tests.support.stack import PASSWORD, Stack

from .evidence import UNDER_WAY, Database, Figures, Row, accepted, marker_of
from .load import Load, Reply

STATES = {
    *("queued", "held", "sending", "unconfirmed", "submitted", "sent"),
    *("delivered", "undelivered", "failed", "expired", "canceled"),
}
VENDOR_HAS_NOT = {"queued", "failed", "expired", "canceled", "held"}
VENDOR_HAS = {"submitted", "sent", "delivered", "undelivered"}
RANK = {"sent": 1, "undelivered": 2, "delivered": 3}
SECRETS = (
    PASSWORD,
    PRODUCT["SECRET_KEY"],
    PRODUCT["FIELD_ENCRYPTION_KEYS"],
    *("demo-smsplus-token", "demo-accolades-password", "demo-etelecom-password"),
)


def count(stack: Stack, *loads: Load) -> Figures:
    """Count lost and doubled messages, for faults where these are expected and recorded."""
    database = Database(stack.database_url)
    messages, attempts = database.messages(), database.attempts()
    replies = [reply for load in loads for reply in load.replies]
    lost = one_row_each(messages, replies)
    taken = accepted(stack.vendors)
    too_often = taken_once(messages, attempts, taken, Counter(), ())
    doubled = [marker for marker in too_often if taken[marker] > 1]  # without a row, one call is already too many
    unconfirmed = sum(message["status"] == "unconfirmed" for message in messages)
    return Figures(len(messages) + len(lost), len(lost), len(doubled), unconfirmed)


def check(
    stack: Stack, *loads: Load, may_repeat: Collection[str] = (), more_logs: str = "", is_drained: bool = True
) -> Figures:
    """Check them all; `may_repeat`: markers of OTPs whose route allows a second one after a doubt."""
    database = Database(stack.database_url)
    messages, attempts, reports = database.messages(), database.attempts(), database.reports()
    resent = Counter(row["message_id"] for row in database.events() if row["kind"] == "resent")
    taken = accepted(stack.vendors)
    replies = [reply for load in loads for reply in load.replies]
    lost = one_row_each(messages, replies)
    doubled = taken_once(messages, attempts, taken, resent, may_repeat)
    states_add_up(messages, is_drained=is_drained)
    vendor_and_state_agree(messages, attempts, taken)
    ranks_never_fall(reports)
    logs_keep_quiet(stack.logs() + more_logs, (reply.item for reply in replies))
    errors_in_the_format(replies)
    assert (lost, doubled) == ([], []), f"lost: {lost[:5]}, doubled: {doubled[:5]}"
    return Figures(len(messages), len(lost), len(doubled), sum(m["status"] == "unconfirmed" for m in messages))


def one_row_each(messages: list[Row], replies: Iterable[Reply]) -> list[str]:
    """I1: the markers that were answered 201 and have no row, or more than one."""
    rows = Counter(marker_of(message) for message in messages)
    promised = {reply.item.marker for reply in replies if reply.status == 201}
    return sorted({marker for marker in promised if rows[marker] != 1} | {m for m, n in rows.items() if n > 1})


def taken_once(
    messages: list[Row],
    attempts: list[Row],
    taken: Counter[str],
    resent: Counter[str],
    may_repeat: Collection[str],
) -> list[str]:
    """I2: the markers that a vendor took more often than they may go out."""
    never_left = Counter(row["message_id"] for row in attempts if row["reported"] == "undelivered")
    allowed = {marker_of(m): 1 + resent[m["id"]] + never_left[m["id"]] for m in messages}
    return [marker for marker, times in taken.items() if times > allowed.get(marker, 0) + (marker in may_repeat)]


def states_add_up(messages: list[Row], *, is_drained: bool) -> None:
    """I3, and I8 where the backlog had its time."""
    counts = Counter(message["status"] for message in messages)
    assert set(counts) <= STATES, counts
    assert counts.total() == len(messages)
    if is_drained:
        assert not any(counts[status] for status in UNDER_WAY), counts


def vendor_and_state_agree(messages: list[Row], attempts: list[Row], taken: Counter[str]) -> None:
    """I4. An attempt that the vendor reported as never sent is no longer one that it has."""
    never_left = Counter(row["message_id"] for row in attempts if row["reported"] == "undelivered")
    for message in messages:
        marker, status = marker_of(message), message["status"]
        times = taken[marker]
        if status in VENDOR_HAS_NOT:
            assert times <= never_left[message["id"]], f"{marker} is {status}, and a vendor took it"
        if status in VENDOR_HAS and message["code"] != "settled":
            assert times >= 1, f"{marker} is {status}, and no vendor has it"


def ranks_never_fall(reports: list[Row]) -> None:
    """I5."""
    applied: dict[str, list[int]] = defaultdict(list)
    for report in reports:
        if report["applied"]:
            applied[report["attempt_id"]].append(RANK[report["status"]])
    for attempt, ranks in applied.items():
        assert ranks == sorted(set(ranks)), f"attempt {attempt} was reported in the ranks {ranks}"


def logs_keep_quiet(logs: str, items: Iterable[object]) -> None:
    """I6."""
    assert logs, "there is no log to search"
    forbidden = set(SECRETS)
    for item in items:
        forbidden.add(item.to.removeprefix("+"))  # type: ignore[attr-defined]
        if item.is_otp:  # type: ignore[attr-defined]
            forbidden.add(item.marker)  # type: ignore[attr-defined]
    for secret in forbidden:
        place = logs.find(secret)
        assert place < 0, f"a log shows a secret: …{logs[max(place - 300, 0) : place]}[here]"


def errors_in_the_format(replies: Iterable[Reply]) -> None:
    """I7."""
    for reply in replies:
        if reply.status is None or 200 <= reply.status < 300:
            continue
        words = f"{reply.status}: {reply.body[:300]!r}"
        assert reply.headers.get("content-type") == "application/json", words
        errors = json.loads(reply.body)["errors"]
        assert errors, words
        assert all(set(error) == {"code", "field", "message"} for error in errors), words
        if reply.status == 503:
            assert int(reply.headers["retry-after"]) > 0, words
