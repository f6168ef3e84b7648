"""The dispatcher's command: what it loads, and what it refuses."""

import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from tests.support.environment import process_environment
from tests.support.processes import PROJECT

STARTED = """
import sys, django
django.setup()
from sms.management.commands.dispatch import Command
Command().check(tags=Command.requires_system_checks)
print(*sorted(sys.modules))
"""


def test_starting_checks_the_settings_and_leaves_the_web_side_alone(tmp_path):
    """The pages' and the admin's addresses are megabytes and a third of a second that a dispatcher never needs."""
    environment = process_environment(
        DATABASE_URL=f"sqlite:///{tmp_path}/db.sqlite3", DJANGO_SETTINGS_MODULE="config.settings"
    )
    done = subprocess.run(
        [sys.executable, "-c", STARTED], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "sms.checks" in loaded
    assert not loaded & {"config.urls", "sms.api.send_sms", "drf_spectacular.openapi"}


def test_starting_refuses_settings_that_would_lose_messages(tmp_path):
    environment = process_environment(
        DATABASE_URL=f"sqlite:///{tmp_path}/db.sqlite3",
        FIELD_ENCRYPTION_KEYS="no-key",
        PUBLIC_URL="https://desk.example",
    )
    done = subprocess.run(
        [sys.executable, "manage.py", "dispatch", "--drain"],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "sms.E" in done.stderr


@pytest.mark.parametrize("words", ["0", "-1", "1.5", "x", "", "٣", "10001", "9" * 5000])
@pytest.mark.parametrize("option", ["--slots", "--metrics-port"])
def test_a_number_that_cannot_be_used_is_refused(option, words):
    """A dispatcher without slots would run and send nothing."""
    given = words if (option, words) not in {("--metrics-port", "0"), ("--metrics-port", "10001")} else "65536"
    with pytest.raises(CommandError, match="is not a whole number from"):
        call_command("dispatch", f"{option}={given}", "--drain")
