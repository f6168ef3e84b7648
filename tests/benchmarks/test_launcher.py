"""What is changed in Jasmin before it runs, on stand-ins of its modules: its lock file, and a durable queue."""

from __future__ import annotations

import json
import sys
from types import ModuleType, SimpleNamespace

import pytest

from benchmarks.peers import launcher


class Content:
    def __init__(self, body="", children=None, properties=None):
        self.body, self.properties = body, properties or {}


class AmqpFactory:
    def named_queue_declare(self, *values, **options):
        return options


@pytest.fixture
def modules(monkeypatch):
    """Classes of this test alone, because they are changed."""
    made = {
        "lockfile": {"FileLock": SimpleNamespace},
        "jasmin.queues.factory": {"AmqpFactory": type("AmqpFactory", (AmqpFactory,), {})},
        "txamqp.content": {"Content": type("Content", (Content,), {})},
    }
    for name, members in made.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    return sys.modules


def test_the_lock_is_the_given_file(modules):
    modules["lockfile"].FileLock = lambda file: f"a lock at {file}"
    launcher.lock_in("/made-up/lock")
    assert modules["lockfile"].FileLock("/tmp/jasmind") == "a lock at /made-up/lock"


@pytest.mark.parametrize(
    ("queue", "is_durable"),
    [("submit.sm.changed", True), ("RouterPB_deliver_sm_all", False), ("dlr_lookup-main", False)],
)
def test_the_queue_of_messages_is_durable(modules, queue, is_durable):
    launcher.make_durable()
    declared = modules["jasmin.queues.factory"].AmqpFactory().named_queue_declare(queue=queue)
    assert declared == {"queue": queue, "durable": is_durable}


@pytest.mark.parametrize("properties", [None, {"message-id": "1"}])
def test_messages_are_persistent(modules, properties):
    launcher.make_durable()
    content = modules["txamqp.content"].Content("body", properties=properties)
    assert content.properties == {**(properties or {}), "delivery-mode": 2}


@pytest.mark.parametrize("kind", ["durable", "as-it-is"])
def test_the_program_runs_with_its_own_arguments(modules, monkeypatch, tmp_path, kind):
    script, seen = tmp_path / "jasmind.py", tmp_path / "seen"
    script.write_text(
        f"import json, pathlib, sys; pathlib.Path({str(seen)!r}).write_text(json.dumps([__name__, *sys.argv[1:]]))"
    )
    monkeypatch.setattr(sys, "argv", ["launcher.py", str(tmp_path / "lock"), kind, str(script), "-c", "jasmin.cfg"])
    launcher.main()
    assert json.loads(seen.read_text()) == ["__main__", "-c", "jasmin.cfg"]
    content = modules["txamqp.content"].Content("body")
    assert ("delivery-mode" in content.properties) is (kind == "durable")
