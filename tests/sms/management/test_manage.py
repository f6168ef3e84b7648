"""`manage.py` itself: what is set up wrongly is named, and a traceback is shown only on request."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from sms.management.system_checks import WITHOUT_WEB
from tests.support.environment import process_environment
from tests.support.processes import run

OURS = sorted(name for name, app in get_commands().items() if app == "sms")
UNREACHABLE = "postgres://user:hidden-password@127.0.0.1:1/nothing"
DATABASES = {
    "no server": (UNREACHABLE, "The database can't be reached"),
    "an unknown option": (f"{UNREACHABLE}?foo=bar", 'invalid connection option "foo"'),
    "no folder": ("sqlite:///{folder}/missing/db.sqlite3", "The database can't be reached"),
    "a folder": ("sqlite:///{folder}", "The database can't be reached"),
    "not migrated": ("sqlite:///{folder}/db.sqlite3", "Migrations are missing: run manage.py migrate."),
}
COMMANDS = [["callback_urls"], ["dispatch", "--drain"], ["forget_number", "+994501234567", "--reason", "x"]]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize(("url", "reason"), DATABASES.values(), ids=DATABASES)
def test_a_database_that_cannot_be_used_is_named(words: list[str], url: str, reason: str, tmp_path: Path) -> None:
    environment = process_environment(DATABASE_URL=url.format(folder=tmp_path), PUBLIC_URL="http://localhost")
    done = run(words, environment, check=False)
    assert done.returncode == 1
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert "hidden-password" not in done.stderr


def test_a_database_that_cannot_be_used_stops_migrate_too(tmp_path: Path) -> None:
    done = run(["migrate"], process_environment(DATABASE_URL=UNREACHABLE), check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "The database can't be reached" in done.stderr


@pytest.mark.parametrize("name", OURS)
def test_a_command_does_not_load_the_web_code_to_check_it(name: str) -> None:
    assert set(load_command_class("sms", name).requires_system_checks) <= set(WITHOUT_WEB)


SETTINGS = {
    "SECRET_KEY": ("", "SECRET_KEY is empty."),
    "PUBLIC_URL": ("http://[::1", "PUBLIC_URL can't be read."),
    "DATABASE_URL": ("mysql://a/b", "DATABASE_URL begins with 'mysql'."),
    "DEBUG": ("maybe", "DEBUG is 'maybe'."),
}


@pytest.mark.parametrize(("name", "value", "words"), [(name, *rest) for name, rest in SETTINGS.items()])
def test_a_wrong_setting_is_named(name: str, value: str, words: str) -> None:
    done = run(["check"], process_environment(**{name: value}), check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(words)
    assert "Traceback" in run(["check", "--traceback"], process_environment(**{name: value}), check=False).stderr
