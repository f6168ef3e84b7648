"""`manage.py provision`: what scripts see of it."""

from __future__ import annotations

import codecs
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


FILE = '[[senders]]\nname = "AKINON"\n[[clients]]\nusername = "akinon"\npassword = "a-long-made-up-secret-0123"\n'


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_file_is_read_whatever_the_editor(shop, capsys, mark, line_end):
    shop.write_bytes(mark + FILE.replace("\n", line_end).encode())
    call_command("provision", shop)
    assert capsys.readouterr().out == "created sender AKINON\ncreated client akinon\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (FILE.encode("utf-16"), "UTF-16"),
        (FILE.encode("utf-16-be"), "UTF-16"),
        (FILE.encode("utf-32"), "UTF-32"),
        (FILE.replace("AKINON", "MAĞAZA").encode("cp1254"), "not UTF-8 (byte 0xD0 in line 2)"),
        (FILE.replace("AKINON", "A\0").encode(), "line 2 holds a NUL"),
        (FILE.encode() + b"[", "this is not valid TOML"),
    ],
)
def test_a_file_that_can_not_be_read_is_refused_by_its_encoding(shop, capsys, content, words):
    shop.write_bytes(content)
    with pytest.raises(SystemExit):
        call_command("provision", shop)
    assert words in capsys.readouterr().err
    assert not SenderName.objects.exists()


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
