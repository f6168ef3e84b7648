"""A rolling upgrade and a return to the previous version, with real processes on one PostgreSQL, under load."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from tests.faults.support import invariants
from tests.faults.support.evidence import Database, Figures, drained
from tests.faults.support.load import Load, accolades_item, etelecom_item, smsplus_item, smsplus_otp
from tests.simulators import Vendors
from tests.support import processes
from tests.support.databases import own_folder
from tests.support.environment import process_environment
from tests.support.ports import free_port
from tests.support.processes import ProcessError, http_status, simulator_addresses
from tests.support.stack import vendors_process
from tests.support.waiting import eventually

from . import schema

RATE = 15.0
LONGEST = 300
STEP = 40
"""Messages that are accepted between two steps."""
SOON_POLLED = """
[[providers]]
slug = "etelecom-vn"
[providers.options]
poll_after = [1, 2, 3, 5, 10, 20]
"""
MIX = (smsplus_item, smsplus_otp, accolades_item, etelecom_item)
_UNREPORTED = """
SELECT m.id FROM sms_message m JOIN sms_attempt a ON a.message_id = m.id JOIN sms_provider p ON p.id = a.provider_id
WHERE p.vendor <> 'smsplus' AND m.status = 'submitted'
"""
EXCEPTION = '"exception":'
"""The key of a log line's exception."""


class Version:
    """The processes of one version. Both versions also listen on `public_port`, as behind a load balancer."""

    def __init__(self, name: str, project: Path, environment: dict[str, str], public_port: int, folder: Path) -> None:
        self.project, self.environment, self.port = project, environment, free_port()
        words = ["-w", "1", "-b", f"127.0.0.1:{public_port}", "--reuse-port"]
        self.web = processes.web(self.port, words, environment, folder, f"{name}-web", project)
        self.dispatcher = processes.manage(f"{name}-dispatcher", ["dispatch"], environment, folder, project)

    def manage(self, *words: str) -> None:
        processes.run(list(words), self.environment, project=self.project)

    def start(self) -> None:
        self.web.start(lambda: http_status(self.port, "/readyz") == 200)
        self.dispatcher.start()


@dataclass
class Result:
    """What one upgrade showed. `errors`: answers of 400 and above; `repeats`: these, and calls without an answer."""

    figures: Figures | None = None
    repeats: int = 0
    errors: int = 0
    findings: list[str] = field(default_factory=list, repr=False)


class Upgrade:
    """One upgrade on a fresh database; `vendors`, `logs` and `database_url` are those of a stack for the invariants."""

    def __init__(self, url: str, old: Path, new: Path) -> None:
        self.database_url, self.folder, self.public_port = url, own_folder(), free_port()
        self.vendors = Vendors(simulator_addresses(vendors_process()))
        public = f"http://127.0.0.1:{self.public_port}"
        environment = process_environment(DATABASE_URL=url, PUBLIC_URL=public, TMPDIR=str(self.folder))
        place = (environment, self.public_port, self.folder)
        self.old, self.new = Version("old", old, *place), Version("new", new, *place)
        self.processes = [self.old.web, self.old.dispatcher, self.new.web, self.new.dispatcher]
        self.loads: list[Load] = []
        self.result = Result()

    def run(self) -> Result:
        """Go to the new version and back. Whatever fails is one of the result's findings."""
        try:
            self.prepare()
            with self.load(self.public_port).running() as load:
                self.go(load)
                self.go_back(load)
                load.stop()
            self.settle()
            invariants.check(self, *self.loads)  # type: ignore[arg-type]
        except (AssertionError, ProcessError) as error:
            self.found(f"{type(error).__name__}: {error}")
        finally:
            for process in self.processes:
                process.kill()
        return self.judged()

    def prepare(self) -> None:
        """The old version's database and processes."""
        self.vendors.reset(setup=True)
        self.old.manage("migrate", "-v", "0")
        shop = (self.old.project / "tests/support/shop.toml").read_text()
        for text in (Template(shop).safe_substitute(self.vendors.addresses), SOON_POLLED):
            (self.folder / "shop.toml").write_text(text)
            self.old.manage("provision", str(self.folder / "shop.toml"))
        self.old.start()

    def go(self, load: Load) -> None:
        """Migrate, let the old version work on the new tables, then both beside each other, then the new one alone."""
        goes_on(load)
        before = schema.read(self.database_url)
        self.new.manage("migrate", "-v", "0")
        for problem in schema.problems(before, schema.read(self.database_url)):
            self.found(problem)
        goes_on(load)
        self.new.start()
        self.load(self.new.port, STEP).run()
        for process in (self.old.web, self.old.dispatcher):
            stop(process)
            goes_on(load)

    def go_back(self, load: Load) -> None:
        """To the previous code, without a change of the tables."""
        self.old.start()
        for process in (self.new.web, self.new.dispatcher):
            stop(process)
            goes_on(load)

    def load(self, port: int, count: int | None = None) -> Load:
        makers = itertools.islice(itertools.cycle(MIX), count)
        load = Load(port, (make() for make in makers), threads=4, rate=RATE, tries=20)
        self.loads.append(load)
        return load

    def settle(self) -> None:
        """Wait until everything is sent and each report is applied: Accolades calls back, eTelecom is polled."""
        drained(self)  # type: ignore[arg-type]
        # A listening socket that closes resets connections that it has not accepted. Accolades does not repeat a call.
        lost = sum(delivery["status"] != 200 for delivery in self.vendors.accolades.deliveries())
        database = Database(self.database_url)
        eventually(lambda: len(database.rows(_UNREPORTED)) <= lost, because="each report is applied")

    def judged(self) -> Result:
        """The counts, and what they and the logs show."""
        replies = [reply for load in self.loads for reply in load.replies]
        errors = Counter(reply.status for reply in replies if reply.status is not None and reply.status >= 400)
        self.result.repeats = sum(reply.status != 201 for reply in replies)
        self.result.errors = errors.total()
        for status, count in errors.items():
            self.found(f"{count} calls were answered with {status}")
        if self.loads:
            self.result.figures = invariants.count(self, *self.loads)  # type: ignore[arg-type]
            for status, count in Database(self.database_url).counts().items():
                if status not in invariants.VENDOR_HAS:
                    self.found(f"{count} messages are {status}")
        for words, count in exceptions(self.logs()).items():
            self.found(f"{count} times in the logs: {words}")
        return self.result

    def found(self, words: str) -> None:
        self.result.findings.append(words)

    def logs(self) -> str:
        return "\n".join(process.output() for process in self.processes)


def stop(process: processes.Process) -> None:
    if code := process.stop():
        raise ProcessError(f"{process.name} ended with {code}: {process.output()[-processes.LOG_TAIL :]}")


def goes_on(load: Load) -> None:
    before = len(load.accepted())
    eventually(lambda: len(load.accepted()) >= before + STEP, because="messages are accepted")


def exceptions(logs: str) -> Counter[str]:
    """The exceptions in log lines, without the folders of their files, and tracebacks of what logs none."""
    lines = [line for line in logs.splitlines() if EXCEPTION in line or line.startswith("Traceback")]
    return Counter(re.sub(r"\S*/", "", line.partition(EXCEPTION)[2] or line)[-LONGEST:] for line in lines)
