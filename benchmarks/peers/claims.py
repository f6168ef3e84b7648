"""What each keeps when it answers, what it checks, and what it gives up.

How that is known: docs/decisions/027-smpp-through-kannel.md.
"""

OURS, UNSYNCHRONISED, BARE = "SMS Desk", "SMS Desk, synchronous_commit off", "bare INSERT"
KANNEL, JASMIN, CHANGED = "Kannel", "Jasmin", "Jasmin, changed"

KEEPS = {
    BARE: "one INSERT and COMMIT; checks nothing",
    OURS: "COMMIT on the disk; log-in, limits, block list, route, 1,000 templates",
    UNSYNCHRONISED: "the same; a crash of PostgreSQL loses what was accepted in the last 0.6 s",
    KANNEL: "a file that is not synchronised; log-in, no templates",
    JASMIN: "memory of RabbitMQ, unconfirmed; log-in, quotas, route, no templates",
    CHANGED: "files of RabbitMQ, unconfirmed; the same checks",
}
GIVES_UP = {
    OURS: "nothing that was accepted; behind its Kannel, what Kannel gives up",
    KANNEL: (
        "a crash of the machine loses the last seconds; a link that breaks before the SMSC's answer sends twice; "
        "a repeated call is sent twice; no record of what was sent"
    ),
    JASMIN: (
        "a stop of RabbitMQ loses everything that waits; a kill of Jasmin may send the message in flight twice; "
        "a repeated call is sent twice; no record of what was sent but a log"
    ),
    CHANGED: "a stop of RabbitMQ, or of the machine, may lose the last moments; the rest as Jasmin",
}
NOTE = (
    "Jasmin has no setting for durable queues. “Jasmin, changed” has a durable queue and persistent messages "
    "(`benchmarks/peers/launcher.py`). RabbitMQ confirms nothing to either, so neither is as durable as COMMIT."
)
