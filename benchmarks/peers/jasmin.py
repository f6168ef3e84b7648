"""Jasmin: one jasmind, as its document starts it, with RabbitMQ and Redis behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.accept import message
from benchmarks.wrk import Requests, write_requests
from tests.smpp.smsc import Smsc
from tests.support.ports import free_port
from tests.support.processes import Process
from tests.support.waiting import eventually

from . import jcli
from .broker import LOOPBACK, Broker, wait_for

ACCOUNT = "bench"
COUNT = 4000
LAUNCHER = Path(__file__).with_name("launcher.py")
SERVERS = ("http-api", "jcli", "router", "client-management", "smpp-server", "smpp-server-pb")


class Jasmin:
    """`name` is also that of its connector. `durable`: with the changes of launcher.py."""

    def __init__(self, name: str, folder: Path, programs: Path, broker: Broker, *, durable: bool) -> None:
        self.name, self.folder = name, folder / name
        self.ports = {server: free_port() for server in SERVERS}
        self.port = self.ports["http-api"]
        (self.folder / "store").mkdir(parents=True)
        file = self.folder / "jasmin.cfg"
        file.write_text(configuration(self.ports, broker.port, broker.redis_port, specification(programs)))
        words = [str(self.folder / "lock"), "durable" if durable else "as-it-is", str(programs / "jasmind.py")]
        environment = {"CONFIG_PATH": str(self.folder), "LOG_PATH": str(self.folder)}
        command = [str(programs / "python"), "-I", str(LAUNCHER), *words, "-c", str(file)]
        self._process = Process(name, command, environment=environment, folder=self.folder)

    def start(self, smsc: Smsc, *, sending: bool) -> None:
        self._process.start()
        for port in (self.port, self.ports["jcli"]):
            wait_for(self._process, port)
        jcli.tell(self.ports["jcli"], jcli.commands(self.name, smsc.port, ACCOUNT, started=sending))
        if sending:
            eventually(lambda: smsc.is_bound, because="Jasmin is connected to the SMSC")

    def requests(self) -> Requests:
        return write_requests(self.folder / "requests", {}, calls())

    def close(self) -> None:
        self._process.kill()


def specification(programs: Path) -> Path:
    """The description of AMQP that Jasmin reads; the one of its library, because the package has none."""
    [found] = programs.parent.glob("lib/*/site-packages/txamqp/specs/standard/amqp0-9-1.stripped.xml")
    return found


def configuration(ports: Mapping[str, int], amqp_port: int, redis_port: int, description: Path) -> str:
    """jasmin.cfg: own ports on loopback, warnings alone in the logs, and the defaults for everything else."""
    settings = {server: [f"bind = {LOOPBACK}", f"port = {port}"] for server, port in ports.items()}
    settings |= {"amqp-broker": [f"port = {amqp_port}", f"spec = {description}"]}
    settings |= {"redis-client": [f"port = {redis_port}"], "sm-listener": [], "dlr": []}
    sections = [[f"[{name}]", *lines, "log_level = WARNING", ""] for name, lines in settings.items()]
    return "\n".join(line for section in sections for line in section)


def calls() -> Iterator[tuple[str, str]]:
    """GET /send with the messages that the others get; Jasmin takes UCS-2 as hexadecimal digits."""
    for each in map(message, range(COUNT)):
        text = each["text"].encode("utf-16-be").hex()
        fields = {"username": ACCOUNT, "password": ACCOUNT, "from": each["from"], "to": each["to"]}
        yield f"/send?{urlencode({**fields, 'coding': '8', 'hex-content': text})}", ""
