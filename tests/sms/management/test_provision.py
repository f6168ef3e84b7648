"""`manage.py provision`: what scripts see of it."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command

from sms.models import ApiClient, SenderName
from sms.models.client import digest

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(tmp_path):
    file = tmp_path / "shop.toml"
    file.write_text('[[senders]]\nname = "AKINON"\n[[clients]]\nusername = "akinon"\n')
    return file


def test_a_generated_password_is_one_line_on_stdout(shop, capsys):
    call_command("provision", shop)
    out, err = capsys.readouterr()
    (secret,) = re.findall(r"^password akinon (\S+)$", out, flags=re.MULTILINE)
    assert ApiClient.objects.get().secret_digest == digest(secret)
    assert err == ""


def test_the_second_run_says_that_nothing_changes(shop, capsys):
    call_command("provision", shop)
    capsys.readouterr()
    call_command("provision", shop)
    assert capsys.readouterr().out == "nothing to change\n"


def test_check_lists_and_leaves_everything_alone(shop, capsys):
    call_command("provision", "--check", shop)
    assert capsys.readouterr().out == "would be created sender AKINON\nwould be created client akinon\n"
    assert not ApiClient.objects.exists()


@pytest.mark.parametrize("option", [[], ["--check"]])
def test_mistakes_are_lines_on_stderr_and_end_with_1(shop, capsys, option):
    shop.write_text('[[senders]]\nname = "A"\n[[clients]]\nusername = "a"\nrate_limit = 0\nrate = 1\n')
    with pytest.raises(SystemExit) as ended:
        call_command("provision", *option, shop)
    out, err = capsys.readouterr()
    assert ended.value.code == 1
    assert out == ""
    assert [line.partition(":")[0] for line in err.splitlines()] == ["clients[0].rate_limit", "clients[0].rate"]
    assert not SenderName.objects.exists()


def test_a_file_that_is_not_there_ends_with_1(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("provision", tmp_path / "missing.toml")
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"{tmp_path / 'missing.toml'}: No such file or directory\n"
