"""A shop after 90 days: messages with attempts, reports, callbacks and all that staff look for, the rare ones rare.

Rare rows are spread over the whole time, so that a page of them needs all of them: what a plan that walks the newest
messages until it has fifty finds slowest.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import psycopg

from tests.support import processes

from .accept import shop
from .pages import HIRE
from .stage import Stage

BATCH = 250_000
RARE = {"unconfirmed": 40, "canceled": 2500, "held": 20, "test": 400, "backup": 500, "small": 30, "OLD": 60, "coded": 3}
"""How many messages are in these states, are tests, or are of this provider, client, sender name or code."""
FEW = 5
"""Messages of one template."""


def quarter_shop() -> str:
    """That of the benchmark of accepting, with another client, providers and sender names."""
    clients = "".join(_CLIENT.format(name=name) for name in ("second", "small", "silent"))
    return shop() + clients + _PROVIDERS + '\n[[senders]]\nname = "OLD"\n[[senders]]\nname = "NEVER"\n'


_CLIENT = """
[[clients]]
username = "{name}"
password = "made-up-{name}-password-0123456789"
"""
_PROVIDERS = """
[[providers]]
slug = "backup"
vendor = "etelecom"
base_url = "$vendor"
[providers.credentials]
username = "demo"
password = "made-up-vendor-password"

[[providers]]
slug = "idle"
vendor = "accolades"
base_url = "$vendor"
[providers.credentials]
account_number = "100201"
password = "made-up-vendor-password"
"""


def _nth(count: int, of: int) -> str:
    """A condition that so many of the messages meet, at equal distances."""
    every = max(of // count, 1)
    return f"n % {every} = {every // 2} AND n / {every} < {count}"


_AT = "(now() - interval '90 days' * (1 - n::float / {count}) - interval '1 second')"
_ID = """(lpad(to_hex((extract(epoch FROM {at}) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3)
    || '8' || substr(md5(n::text), 4, 15))::uuid"""
_TEXT = "Hörmətli Aysel, kampaniya üzrə sifarişiniz ' || n || ' yoldadır. Sual üçün bizə zəng edin. Təşəkkür edirik!"
_MESSAGES = f"""
INSERT INTO sms_message (id, client_id, request_id, repeat_key, api_version, sender, "to", raw_text, text, is_otp,
    is_test, encoding, segments, smoothing, template_version_id, parameters, decision, status, provider_id, due_at,
    expires_at, waiting_for, attempts_made, attempts_before, in_doubt, crashes, code, detail, created_at, updated_at,
    erased_at)
SELECT {_ID}, client, md5('request ' || n), CASE WHEN NOT erased THEN md5('key ' || n) || md5('yek ' || n) END, '',
    sender, '+99450' || lpad((n::bigint * 7919 % 3000000)::text, 7, '0'),
    CASE WHEN NOT erased THEN '{_TEXT}' END, CASE WHEN NOT erased THEN '{_TEXT}' END, otp, test,
    'UCS-2', 2, '[]', CASE WHEN template > 0 THEN (SELECT version FROM versions WHERE nth = template) END,
    CASE WHEN NOT erased AND template > 0 THEN jsonb_build_object('name', 'Aysel', 'order', n::text)
         WHEN NOT erased THEN '{{{{}}}}' END,
    jsonb_build_object('route', 1, 'prefix', '+994', 'code', '', 'candidates', jsonb_build_array(jsonb_build_object(
        'provider', provider, 'slug', provider, 'code', '', 'reason', ''))),
    status, provider, NULL, at + interval '1 day', '', 1, 0, false, 0,
    CASE WHEN status = 'failed' AND {{coded}} THEN 'E777' WHEN status = 'failed' AND n % 7 = 1 THEN '405'
         WHEN status = 'failed' THEN '121' WHEN status = 'undelivered' THEN '7' ELSE '' END,
    '', at, at + interval '9 seconds', CASE WHEN erased THEN at + interval '30 days' END
FROM (
    SELECT *, otp OR at < now() - interval '30 days' AS erased FROM (
    SELECT n, {_AT} AS at, n % 7 = 0 AND NOT {{held}} AS otp, {{test}} AS test,
        CASE WHEN {{few}} THEN 999 WHEN n % 2 = 0 THEN 1 + floor(998 * power(n % 9973 / 9973.0, 4))::int ELSE 0 END
            AS template,
        CASE WHEN {{old}} THEN 'OLD' WHEN n % 50 = 9 THEN 'SHOP' ELSE 'AKINON' END AS sender,
        (SELECT id FROM sms_apiclient WHERE username = CASE WHEN {{small}} THEN 'small'
            WHEN n % 100 = 17 THEN 'second' ELSE 'akinon' END) AS client,
        (SELECT id FROM sms_provider WHERE slug = CASE WHEN {{backup}} THEN 'backup'
            WHEN n % 10 < 3 THEN 'text' ELSE 'template' END) AS provider,
        CASE WHEN {{unconfirmed}} THEN 'unconfirmed' WHEN {{held}} THEN 'held' WHEN {{canceled}} THEN 'canceled'
             WHEN {{coded}} OR n % 100 = 0 THEN 'failed' WHEN n % 70 = 1 THEN 'undelivered'
             WHEN n % 2500 = 13 THEN 'expired' WHEN n % 10 < 3 AND n % 20 < 10 THEN 'sent'
             WHEN n % 10 < 3 OR n % 50 = 3 THEN 'submitted' ELSE 'delivered' END AS status
    FROM generate_series({{first}}, {{last}}) n) placed
) drawn
"""
_ATTEMPTS = """
INSERT INTO sms_attempt (id, message_id, number, provider_id, lease_token, outcome, failure, code, detail,
    vendor_message_id, http_status, raw_request, raw_response, started_at, finished_at, reported, polls)
SELECT id, id, 1, provider_id, id, CASE status WHEN 'failed' THEN 'refused' WHEN 'unconfirmed' THEN 'unconfirmed'
        ELSE 'accepted' END, CASE status WHEN 'failed' THEN 'recipient' WHEN 'unconfirmed' THEN 'ambiguous' ELSE '' END,
    CASE WHEN status = 'failed' THEN code ELSE '' END, '',
    CASE WHEN status IN ('failed', 'unconfirmed') THEN '' ELSE md5('vendor ' || request_id) END, 200,
    CASE WHEN created_at > now() - interval '14 days' THEN 'POST /messages ' || repeat(request_id, 6) END,
    CASE WHEN created_at > now() - interval '14 days' THEN '200 OK ' || repeat(request_id, 3) END,
    created_at + interval '50 milliseconds', created_at + interval '280 milliseconds',
    CASE WHEN status IN ('delivered', 'undelivered', 'sent') THEN status ELSE '' END, 0
FROM sms_message WHERE status NOT IN ('held', 'canceled') AND id > %s AND id <= %s ORDER BY id
"""
_CALLBACKS = """
INSERT INTO sms_callback (id, provider_id, attempt_id, address_digest, body_digest, method, query, content_type, body,
    count, note, received_at, last_received_at, read_at)
SELECT nextval('sms_callback_id_seq'), provider_id, NULL, md5('a' || provider_id) || md5('b' || provider_id),
    md5('c' || request_id) || md5('d' || request_id), 'POST', '', 'application/json',
    CASE WHEN created_at > now() - interval '14 days' THEN convert_to(repeat(request_id, 5), 'UTF8') END,
    1, '', created_at + interval '8 seconds', created_at + interval '8 seconds', created_at + interval '9 seconds'
FROM sms_message WHERE status IN ('delivered', 'undelivered', 'sent') AND id > %s AND id <= %s ORDER BY id
"""
_REPORTS = """
INSERT INTO sms_deliveryreport (provider_id, attempt_id, message_id, callback_id, status, code, detail,
    vendor_message_id, reference, applied, reason, is_waiting, is_poll, received_at, state, is_final)
SELECT provider_id, id, id, nextval('callbacks'), status, CASE WHEN status = 'undelivered' THEN code ELSE '' END, '',
    md5('vendor ' || request_id), '', true, '', false, false, created_at + interval '8 seconds', status, true
FROM sms_message WHERE status IN ('delivered', 'undelivered', 'sent') AND id > %s AND id <= %s ORDER BY id
"""
_RARE = """
UPDATE sms_deliveryreport SET applied = false, reason = 'late', status = 'unknown'
    WHERE id IN (SELECT id FROM sms_deliveryreport WHERE id % 50000 = 7);
UPDATE sms_deliveryreport SET is_waiting = true, attempt_id = NULL, message_id = NULL
    WHERE id IN (SELECT id FROM sms_deliveryreport WHERE id % 1000000 = 9);
UPDATE sms_attempt SET outcome = 'unavailable', failure = 'transient', reported = ''
    WHERE message_id IN (SELECT id FROM sms_message WHERE status = 'expired');
INSERT INTO sms_messageevent (message_id, at, kind, actor, reason, detail, decision)
    SELECT id, created_at, 'settled', CASE WHEN request_id < '01' THEN 'aysel' ELSE '' END, 'The vendor says so.', '{}',
        NULL
    FROM sms_message WHERE status IN ('canceled', 'expired', 'unconfirmed');
INSERT INTO sms_refusedrequest (client_id, request_id, http_status, code, field, sender, "to", is_otp, shape, nearest,
    created_at)
SELECT 1, 'refused-' || n, 422, CASE WHEN n % 50000 = 5 THEN 'no_route' ELSE 'template_not_matched' END, 'text',
    CASE WHEN n % 50000 = 6 THEN 'OLD' ELSE 'AKINON' END, '+99450' || lpad(n::text, 7, '0'), false,
    'Salam ' || chr(97 + n % 26) || chr(97 + n % 25) || ', ##### gecikir', 'shipped-az: character 42',
    now() - interval '7 days' * (1 - n / 200000.0)
FROM generate_series(1, 200000) n;
"""
_VERSIONS = """
CREATE TABLE versions AS
    SELECT row_number() OVER (ORDER BY id) AS nth, current_version_id AS version FROM sms_messagetemplate;
ALTER TABLE versions ADD PRIMARY KEY (nth)
"""
_INDEXES = """
SELECT relation.relname, index.relname, constraint_of.conname,
    coalesce(pg_get_constraintdef(constraint_of.oid), pg_get_indexdef(index.oid))
FROM pg_index JOIN pg_class index ON index.oid = indexrelid JOIN pg_class relation ON relation.oid = indrelid
    LEFT JOIN pg_constraint constraint_of ON conindid = indexrelid
WHERE indrelid = ANY(ARRAY['sms_message', 'sms_attempt', 'sms_deliveryreport', 'sms_callback']::regclass[])
    AND NOT indisprimary
"""


def conditions(count: int) -> dict[str, str]:
    """The SQL conditions of rare messages, by name."""
    found = {name.lower(): f"({_nth(number, count)})" for name, number in RARE.items() if name != "held"}
    found["held"] = f"(n > {count} - {RARE['held']})"
    found["few"] = f"({_nth(FEW, count)})"
    return {"count": str(count), **found}


def fill_quarter(made: Stage, count: int) -> None:
    """Indexes are created after the rows, and foreign keys are not checked: it takes a third of the time."""
    with filling(made) as connection:
        connection.execute(_VERSIONS)
        connection.execute("CREATE SEQUENCE callbacks")
        with indexes_later(connection):
            _fill_tables(made, connection, count)
        connection.execute(_RARE)
        connection.execute("DROP TABLE versions; DROP SEQUENCE callbacks")
    made.sql("VACUUM ANALYZE")
    processes.run(["shell", "-v", "0", "-c", "\n".join(HIRE)], made.environment)


def _fill_tables(made: Stage, connection: psycopg.Connection, count: int) -> None:
    """Each table by one connection, so that its rows lie in the order of time, as they do in production."""
    with ExitStack() as stack:
        others = [stack.enter_context(filling(made)) for _ in range(2)]
        attempts, reports = (stack.enter_context(ThreadPoolExecutor(1)) for _ in others)
        work, after = [], "00000000-0000-0000-0000-000000000000"
        for first in range(1, count + 1, BATCH):
            last = min(first + BATCH - 1, count)
            words = conditions(count) | {"at": "at", "first": str(first), "last": str(last)}
            connection.execute(_MESSAGES.format(**words))
            bounds = (after, newest := _newest(connection))
            work.append(attempts.submit(others[0].execute, _ATTEMPTS, bounds))
            work += [reports.submit(others[1].execute, statement, bounds) for statement in (_CALLBACKS, _REPORTS)]
            after = newest
            print(f"{last:,} messages", flush=True)
        for each in work:
            each.result()


def _newest(connection: psycopg.Connection) -> str:
    row = connection.execute("SELECT id::text FROM sms_message ORDER BY id DESC LIMIT 1").fetchone()
    return row[0] if row else ""


@contextmanager
def filling(made: Stage) -> Iterator[psycopg.Connection]:
    with psycopg.connect(made.database_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET maintenance_work_mem = '1GB'")
        yield connection


@contextmanager
def indexes_later(connection: psycopg.Connection) -> Iterator[None]:
    found = connection.execute(_INDEXES).fetchall()
    for table, index, constraint, _ in found:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}" if constraint else f"DROP INDEX {index}")
    yield
    for table, index, constraint, definition in found:
        connection.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {definition}" if constraint else definition
        )
        print(f"index {index}", flush=True)
