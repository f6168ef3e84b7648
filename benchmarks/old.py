"""Messages of two months ago, finished and erased, each with its attempt and its report.

They are `apart` seconds apart, so that retention finds them all at once, or one after the other.
"""

from __future__ import annotations

from .stage import Stage

BATCH = 250_000
_ID = """(lpad(to_hex((extract(epoch FROM date_trunc('day', now()) - interval '60 days') * 1000)::bigint + n), 12, '0')
    || substr(md5(n::text), 1, 20))::uuid"""
_AT = "now() - interval '60 days' + n * {apart} * interval '1 second'"
_OLD = (
    f"""
INSERT INTO sms_message (id, client_id, request_id, api_version, sender, "to", raw_text, text, is_otp, is_test,
    encoding, segments, smoothing, parameters, decision, status, provider_id, due_at, expires_at, waiting_for,
    attempts_made, attempts_before, in_doubt, crashes, code, detail, created_at, updated_at, erased_at)
SELECT {_ID}, 1, 'old-' || n, '', 'AKINON', '+99450' || lpad((n % 9999999)::text, 7, '0'), NULL, NULL, false, false,
    'GSM-7', 1, '[]', NULL, '{{{{}}}}', CASE WHEN n % 1000 = 0 THEN 'failed' ELSE 'delivered' END, 1,
    {_AT}, {_AT} + interval '1 day', '', 1, 0, false, 0, '', '',
    {_AT}, {_AT}, now() - interval '30 days'
FROM generate_series({{first}}, {{last}}) n
""",
    f"""
INSERT INTO sms_attempt (id, message_id, number, provider_id, lease_token, outcome, failure, code, detail,
    vendor_message_id, http_status, started_at, finished_at, reported, polls)
SELECT {_ID}, {_ID}, 1, 1, {_ID}, 'accepted', '', '', '', 'v-' || n, 200, {_AT}, {_AT}, 'delivered', 0
FROM generate_series({{first}}, {{last}}) n
""",
    f"""
INSERT INTO sms_deliveryreport (provider_id, attempt_id, message_id, status, code, detail, vendor_message_id,
    reference, applied, reason, is_waiting, is_poll, received_at)
SELECT 1, {_ID}, {_ID}, 'delivered', '', '', 'v-' || n, '', true, '', false, false, {_AT}
FROM generate_series({{first}}, {{last}}) n
""",
)


def fill_old(made: Stage, count: int, apart: float = 0.0) -> None:
    """Ids begin with their millisecond, as ours do."""
    for first in range(1, count + 1, BATCH):
        for statement in _OLD:
            made.sql(statement.format(first=first, last=min(first + BATCH - 1, count), apart=apart))
    made.sql("VACUUM ANALYZE")
    made.sql("CHECKPOINT")  # so that these writes are on the disk before the measurements begin
