"""Starts the gateways that are compared. Each has an SMSC of its own that counts what reaches it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.accept import message, requests, serve, serve_ceiling, shop
from benchmarks.stage import Stage, stage
from benchmarks.wrk import Requests, post, write_requests
from tests.smpp.gateway import PASSWORD, Gateway
from tests.smpp.smsc import Smsc
from tests.support.postgres import Postgres

from .broker import Broker
from .claims import BARE, CHANGED, JASMIN, OURS, UNSYNCHRONISED
from .jasmin import COUNT, Jasmin

LIMIT = 100
"""Messages a second from Kannel to the SMSC where nothing is to be sent: it has no switch for that."""


@dataclass(frozen=True, slots=True)
class Peer:
    """`smsc` has what was sent through it."""

    port: int
    calls: Requests
    smsc: Smsc | None = None


def start_kannel(stack: ExitStack, *, sending: bool) -> Peer:
    folder = _folder(stack, "kannel")
    gateway = _gateway(stack, folder, sending=sending)
    return Peer(gateway.port, write_requests(folder / "requests", {}, kannel_calls()), gateway.smsc)


def start_jasmins(stack: ExitStack, programs: Path, *, sending: bool) -> dict[str, Peer]:
    """Jasmin as it is, and with a durable queue."""
    folder = _folder(stack, "jasmin")
    broker = Broker(folder)
    stack.callback(broker.close)
    broker.start()
    return {
        JASMIN: _start_jasmin(stack, Jasmin("jasmin", folder, programs, broker, durable=False), sending),
        CHANGED: _start_jasmin(stack, Jasmin("changed", folder, programs, broker, durable=True), sending),
    }


@dataclass(frozen=True, slots=True)
class Shared:
    """What the product's two stages share, so that its shop is provisioned once: a PostgreSQL, and Kannel behind it."""

    server: Postgres
    gateway: Gateway

    def stage(self) -> AbstractContextManager[Stage]:
        return stage(0, through(self.gateway.url), server=self.server, NEIGHBOUR_HOSTS="127.0.0.1")


def start_shared(stack: ExitStack) -> Shared:
    return Shared(stack.enter_context(Postgres(durable=True)), _gateway(stack, _folder(stack, "ours"), sending=True))


def start_ours(stack: ExitStack, shared: Shared) -> dict[str, Peer]:
    """The ceiling, and the product with and without waiting for the disk. Nothing is sent."""
    made = stack.enter_context(shared.stage())
    calls = requests(made.folder / "requests")
    bare, web = serve_ceiling(made), serve(made)
    post(web[1], 64, 1, calls)  # opens all its connections
    _without_waiting(made)
    unsynchronised = serve(made)
    post(unsynchronised[1], 64, 1, calls)
    for process, _ in (bare, web, unsynchronised):
        stack.callback(process.stop)
    names = (BARE, OURS, UNSYNCHRONISED)
    return {name: Peer(port, calls) for name, (_, port) in zip(names, (bare, web, unsynchronised), strict=True)}


def start_ours_sending(stack: ExitStack, shared: Shared) -> Peer:
    """The product with one dispatcher. It has no SMPP client, so it sends through Kannel."""
    made = stack.enter_context(shared.stage())
    web, port = serve(made)
    dispatcher = made.dispatcher("dispatch", 64)
    stack.callback(web.stop)
    stack.callback(dispatcher.stop)
    return Peer(port, requests(made.folder / "requests"), shared.gateway.smsc)


def through(kannel: str) -> str:
    """The shop of the benchmark `accept`, with Kannel at this URL in place of the vendor of its templates."""
    changes = {
        'vendor = "etelecom"\nbase_url = "$vendor"': f'vendor = "kannel"\nbase_url = "{kannel}"',
        'username = "demo"\npassword = "made-up-vendor-password"': f'username = "sms-desk"\npassword = "{PASSWORD}"',
        'name = "AKINON"\n': 'name = "AKINON"\n[[senders.approvals]]\nprovider = "template"\nstatus = "approved"\n',
    }
    text = shop()
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def _gateway(stack: ExitStack, folder: Path, *, sending: bool) -> Gateway:
    smsc = _smsc(stack)
    gateway = Gateway(folder, smsc, throughput=0 if sending else LIMIT)
    stack.callback(gateway.close)
    gateway.start()
    return gateway


def _start_jasmin(stack: ExitStack, jasmin: Jasmin, sending: bool) -> Peer:
    smsc = _smsc(stack)
    stack.callback(jasmin.close)
    jasmin.start(smsc, sending=sending)
    return Peer(jasmin.port, jasmin.requests(), smsc)


def _smsc(stack: ExitStack) -> Smsc:
    smsc = Smsc()
    stack.callback(smsc.close)
    return smsc


def _folder(stack: ExitStack, name: str) -> Path:
    return Path(
        stack.enter_context(tempfile.TemporaryDirectory(prefix=f"sms-bench-{name}-", ignore_cleanup_errors=True))
    )


def _without_waiting(made: Stage) -> None:
    """Let new connections of the product not wait for the disk."""
    [(name,)] = made.sql("SELECT current_database()")
    made.sql(f'ALTER DATABASE "{name}" SET synchronous_commit TO off')


def kannel_calls() -> Iterator[tuple[str, str]]:
    """GET with the messages that the others get."""
    for each in map(message, range(COUNT)):
        fields = {"username": "sms-desk", "password": PASSWORD, "charset": "UTF-8", "coding": "2", **each}
        yield f"/cgi-bin/sendsms?{urlencode(fields)}", ""
