"""The whole product as real processes on loopback: database, vendors, web, dispatchers.

    with Stack(folder) as stack:
        stack.vendors.smsplus.fault("hang", accepted=True)
        reply = stack.send_sms(to="+994501234567", text="…")

`provisioning` is a TOML text in which $smsplus, $accolades, $etelecom and $onlinesim
stand for the vendors' addresses. The simulated vendors are one process for all stacks of
a test run, as the real ones are for all their customers; each new stack resets them.
"""

from __future__ import annotations

import base64
import http.client
import json
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from tests.simulators import Vendors

from . import processes
from .databases import drop_if_there, folder_in_memory, fresh_database, own_folder
from .environment import process_environment
from .ports import free_port
from .postgres import DatabaseServer
from .processes import Process, http_status, simulator_addresses

SHOP = Path(__file__).with_name("shop.toml").read_text()
USER, PASSWORD = "akinon", "made-up-caller-password-0123456789"  # as in shop.toml
CALL_SECONDS = 30
ONE_WORKER = ("-w", "1")  # for tests to which it is all the same how many processes answer


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer of the web side; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@cache
def vendors_process() -> Process:
    """The simulated vendors, started once per test run; the guardian ends them."""
    process = processes.simulators([], process_environment(), own_folder())
    return process.start(lambda: simulator_addresses(process))


class Stack:
    """`dispatchers`, `slots`: how many of them with how many calls at a time; `server`: another PostgreSQL.

    `on_disk`: an SQLite file lies in the folder, not in memory.
    """

    def __init__(
        self,
        folder: Path,
        *,
        provisioning: str = SHOP,
        dispatchers: int = 1,
        slots: int | None = None,
        web_words: tuple[str, ...] = ("-w", "2"),
        server: DatabaseServer | None = None,
        on_disk: bool = False,
        **environment: str,
    ) -> None:
        self.folder = folder
        self.provisioning = provisioning
        self.wanted_dispatchers = dispatchers
        self.slots = slots
        self.server = server
        self.on_disk = on_disk
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.more_environment = environment
        self.web_words = list(web_words)
        self.processes: list[Process] = []
        self.dispatchers: list[Process] = []
        self.database_url = ""
        self.files = folder
        """Where an SQLite file lies."""

    def __enter__(self) -> Stack:
        try:
            self.bring_up()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def bring_up(self) -> None:
        self.vendors = Vendors(simulator_addresses(vendors_process()))
        self.vendors.reset(setup=True)
        self.files = self.folder if self.on_disk else folder_in_memory()
        self.database_url = fresh_database(
            self.files, self.server, self.filled_in(self.provisioning), self.more_environment
        )
        # A killed gunicorn leaves its temporary files: they go with the stack's folder.
        own = {"DATABASE_URL": self.database_url, "PUBLIC_URL": self.url, "TMPDIR": str(self.folder)}
        self.environment = process_environment(**{**own, **self.more_environment})
        self.web = self.keep(processes.web(self.port, self.web_words, self.environment, self.folder))
        self.start_web()
        for _ in range(self.wanted_dispatchers):
            self.add_dispatcher()

    def start_web(self) -> None:
        """Start gunicorn, again after a kill, and wait until it can accept."""
        self.web.start(lambda: http_status(self.port, "/readyz") == 200)

    def add_dispatcher(self, *words: str) -> Process:
        """Start one more `manage.py dispatch`."""
        number = len(self.dispatchers) + 1
        slots = ["--slots", str(self.slots)] if self.slots else []
        command = ["dispatch", *slots, *words]
        dispatcher = self.keep(processes.manage(f"dispatch-{number}", command, self.environment, self.folder))
        self.dispatchers.append(dispatcher)
        dispatcher.start()
        return dispatcher

    def keep(self, process: Process) -> Process:
        self.processes.append(process)
        return process

    def provision(self, toml: str) -> str:
        """Provision more of it, with the vendors' addresses filled in; returns what the command printed."""
        file = self.folder / "provisioning.toml"
        file.write_text(self.filled_in(toml))
        return self.manage("provision", str(file)).stdout

    def filled_in(self, toml: str) -> str:
        return Template(toml).safe_substitute(self.vendors.addresses)

    def manage(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a `manage.py` command to its end."""
        return processes.run(list(words), self.environment, check=check)

    def register_webhooks(self) -> None:
        """Register the URLs that `callback_urls` prints at the vendors, as staff would by hand."""
        addresses = json.loads(self.manage("callback_urls").stdout)["providers"]
        self.vendors.etelecom.setup(webhook_url=addresses["etelecom-vn"])

    def call(
        self, method: str, path: str, body: Any = None, *, user: str = USER, password: str = PASSWORD, **headers: str
    ) -> Reply:
        """One call of the web side with Basic credentials. Bytes go as they are; in header names `_` stands for `-`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=CALL_SECONDS)
        login = base64.b64encode(f"{user}:{password}".encode()).decode()
        sent = {"Authorization": f"Basic {login}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def send_sms(
        self, to: str, text: str, *, sender: str = "AKINON", is_otp: bool | None = None, **headers: str
    ) -> Reply:
        """`POST /send-sms`."""
        message = {"from": sender, "to": to, "text": text, **({} if is_otp is None else {"isOtp": is_otp})}
        return self.call("POST", "/send-sms", message, **headers)

    def messages(self, query: str = "") -> list[dict[str, Any]]:
        """`GET /messages`, newest first."""
        reply = self.call("GET", f"/messages?{query}")
        assert reply.status == 200, reply.body
        return reply.json["results"]

    def logs(self) -> str:
        """The output of all processes, to search for values that must not be in it."""
        return "\n".join(process.output() for process in self.processes)

    def close(self) -> None:
        """End all processes and drop the database."""
        for process in self.processes:
            process.kill()
        if self.database_url:
            drop_if_there(self.database_url)
        if self.files != self.folder:
            shutil.rmtree(self.files, ignore_errors=True)
