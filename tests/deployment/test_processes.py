"""The commands of Procfile and compose.yaml, run as they stand, without a container: they pass a message."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.simulators import Vendors
from tests.support.environment import process_environment
from tests.support.postgres import Postgres
from tests.support.processes import Process, http_status, simulator_addresses
from tests.support.stack import Stack, vendors_process
from tests.support.waiting import eventually

from .files import akinon, compose, interpolated, procfile

OTP = "Sizin təsdiq kodunuz: 004217. Heç kimə verməyin."


def plan_of_procfile() -> dict[str, list[str]]:
    """As Akinon Commerce Cloud runs it: the release script, web, and two workers."""
    commands = procfile()
    release = shlex.split(akinon()["scripts"]["release"])
    return {"migrate": release, "web": commands["web"], "dispatcher": commands["worker"]}


def plan_of_compose() -> dict[str, list[str]]:
    services = compose()["services"]
    return {name: services[name]["command"] for name in ("migrate", "web", "dispatcher")}


class Deployed(Stack):
    """A stack whose processes are started by the commands of a platform, with the database in parts (DB_HOST …)."""

    def __init__(self, folder: Path, server: Postgres, plan: dict[str, list[str]], environment: dict[str, str]) -> None:
        super().__init__(folder, dispatchers=2)
        self.parts = psycopg.conninfo.conninfo_to_dict(server.create_database())
        self.plan = plan
        self.wanted = environment

    def bring_up(self) -> None:
        self.vendors = Vendors(simulator_addresses(vendors_process()))
        self.vendors.reset(setup=True)
        search = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        own = {"PATH": search, "TMPDIR": str(self.folder), "PUBLIC_URL": self.url, "PORT": str(self.port)}
        self.environment = process_environment(**{**own, **self.database(), **self.wanted})
        migrate = self.keep(self.process("migrate", self.plan["migrate"]))
        assert migrate.start().wait() == 0, migrate.output()
        self.provision(self.provisioning)
        self.web = self.keep(self.process("web", self.plan["web"]))
        self.start_web()
        for number in range(self.wanted_dispatchers):
            dispatcher = self.keep(self.process(f"dispatcher-{number + 1}", self.plan["dispatcher"]))
            self.dispatchers.append(dispatcher)
            dispatcher.start()

    def start_web(self) -> None:
        self.web.start(lambda: http_status(self.port, "/healthz") == 200 and http_status(self.port, "/readyz") == 200)

    def database(self) -> dict[str, str]:
        """What the platform's add-on gives."""
        parts = self.parts
        given = {"HOST": parts["host"], "PORT": parts["port"], "NAME": parts["dbname"], "USER": parts["user"]}
        given["PASSWORD"] = parts["password"]
        return {f"DB_{name}": str(value) for name, value in given.items()}

    def process(self, name: str, command: list[str]) -> Process:
        """The command as it stands; only the port is one that is free here."""
        words = [word.replace(":8008", f":{self.port}") for word in command]
        return Process(name, words, environment=self.environment, folder=self.folder)


@pytest.fixture(scope="module")
def durable_postgres() -> Iterator[Postgres]:
    """One server for all of these, which each test leaves running."""
    with Postgres() as server:
        yield server


@pytest.fixture
def deployed(durable_postgres: Postgres, tmp_path: Path) -> Any:
    stacks: list[Deployed] = []

    def bring_up(plan: dict[str, list[str]], **environment: str) -> Deployed:
        stacks.append(Deployed(tmp_path, durable_postgres, plan, environment))
        return stacks[-1].__enter__()

    yield bring_up
    for stack in stacks:
        stack.close()


def passes_a_message(stack: Deployed) -> None:
    """Accepted, sent by one of the two dispatchers, and all of them end well."""
    assert stack.send_sms("+994501234567", OTP).status == 201
    eventually(lambda: [message["status"] for message in stack.messages()] == ["submitted"])
    assert len(stack.vendors.smsplus.calls()) == 1
    eventually(lambda: len(stack.call("GET", "/status").json["dispatchers"]) == 2)
    assert [dispatcher.stop(signal.SIGTERM) for dispatcher in stack.dispatchers] == [0, 0]
    assert stack.web.stop() == 0


def test_the_procfile_and_the_release_script_pass_a_message(deployed):
    passes_a_message(deployed(plan_of_procfile()))


def test_composes_commands_pass_a_message(deployed, durable_postgres):
    service = compose()["services"]["web"]
    values = {"DB_PASSWORD": durable_postgres.password}
    given = {name: interpolated(value, values) for name, value in service["environment"].items()}
    assert given.keys() == {
        "DATABASE_URL",
        "DB_HOST",
        "DB_PORT",
        "DB_NAME",
        "DB_USER",
        "DB_PASSWORD",
        "PORT",
        "TRUSTED_PROXIES",
    }
    # Host, port, names and the web's port are those of a container; here they are the test's own.
    stack = deployed(plan_of_compose(), DATABASE_URL=given["DATABASE_URL"], DB_PASSWORD=given["DB_PASSWORD"])
    passes_a_message(stack)


def test_compose_refuses_to_start_without_the_databases_password():
    with pytest.raises(KeyError):
        interpolated(compose()["services"]["web"]["environment"]["DB_PASSWORD"], {})


def test_readyz_follows_the_database_and_status_the_dispatcher(deployed, durable_postgres):
    stack = deployed(plan_of_procfile())
    eventually(lambda: stack.call("GET", "/status").status == 200)
    for dispatcher in stack.dispatchers:
        dispatcher.stop(signal.SIGTERM)
    assert stack.call("GET", "/readyz").status == 200
    status = stack.call("GET", "/status")
    assert (status.status, status.json["errors"][0]["field"]) == (503, "dispatcher")

    stack.add_dispatcher()
    eventually(lambda: stack.call("GET", "/status").status == 200)
    durable_postgres.stop(signal.SIGQUIT)
    ready = eventually(lambda: (reply := stack.call("GET", "/readyz")).status == 503 and reply)
    assert [(error["code"], error["field"]) for error in ready.json["errors"]] == [("unavailable", "database")]
    assert stack.call("GET", "/healthz").status == 200
    durable_postgres.start()
    eventually(lambda: stack.call("GET", "/readyz").status == 200)
