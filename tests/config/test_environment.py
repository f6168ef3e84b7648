"""Settings arrive to the letter from the environment and from .env, and what can't be read is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.demonstration import settings_file
from config.environment import BASE_DIR, Environment, parse, read
from providers.neighbours import Neighbours
from sms.domain.text_files import UnreadableTextError, decoded
from tests.support.environment import PRODUCT, process_environment

ODD_VALUES = {
    "a dollar in front": "$ecret",
    "two dollars in front": "$$ecret",
    "a name of another setting": "$SECRET_KEY",
    "a name in braces": "${SECRET_KEY}",
    "a dollar within": "se$cret",
    "an escaped dollar": r"\$ecret",
    "backslashes and dollars": r"a\\$b\\\$c\$",
    "a hash": "a#b",
    "a hash behind a blank": "a #b",
    "a hash in front": "#a",
    "a double quote": 'a"b',
    "a single quote": "it's",
    "one quote in front": '"a',
    "one quote at the end": "a'",
    "a blank within": "a b",
    "an equals sign": "a=b==",
    "a backslash": r"a\nb",
    "a percent sign": "100%%s",
    "other letters": "şifrə",
    "a line separator": "a\u2028b\x0cc\x85d",
    "a no-break blank": "a\u00a0b",
}


@pytest.mark.parametrize("value", ODD_VALUES.values(), ids=ODD_VALUES.keys())
def test_a_value_arrives_to_the_letter_however_it_is_written(value: str, tmp_path: Path) -> None:
    assert Environment({"NAME": value}, "").str("NAME") == value
    quoted = [f"'{value}'"] if "'" not in value else []
    for written in (value, *quoted, '"{}"'.format(value.replace("\\", r"\\").replace('"', r"\""))):
        file = tmp_path / "settings"
        file.write_bytes(f"SECRET_KEY=other\nNAME={written}\n".encode())
        assert read(file).str("NAME") == value, written


FILES = {
    "plain": (b"A=1\nB=2\n", {"A": "1", "B": "2"}),
    "without a line end": (b"A=1", {"A": "1"}),
    "a byte order mark": (b"\xef\xbb\xbfA=1\n", {"A": "1"}),
    "a byte order mark and a comment": (b"\xef\xbb\xbf# words\nA=1\n", {"A": "1"}),
    "CRLF": (b"A=1\r\n\r\n# words\r\nB='2'\r\n", {"A": "1", "B": "2"}),
    "CR": (b"A=1\rB=2\r", {"A": "1", "B": "2"}),
    "all three": (b"\xef\xbb\xbfA=1\r\nB=2\nC=3\rD=4", {"A": "1", "B": "2", "C": "3", "D": "4"}),
    "export": (b"export A=1\n", {"A": "1"}),
    "blanks in front": (b"  A=1\n", {"A": "1"}),
    "comments": (b"# A=1\n ; B=2\n\n", {}),
    "outer blanks": (b"A= 1 \n", {"A": " 1 "}),
    "outer blanks in quotes": (b"A=' 1 '\n", {"A": " 1 "}),
    "quotes and a blank behind": (b'A="1" \n', {"A": "1"}),
    "quotes within quotes": (b"A='\"1\"'\n", {"A": '"1"'}),
    "nothing": (b"A=\nB=''\n", {"A": "", "B": ""}),
    "a name twice": (b"A=1\nA=2\n", {"A": "2"}),
    "an empty file": (b"", {}),
    "a byte order mark alone": (b"\xef\xbb\xbf", {}),
}


@pytest.mark.parametrize(("content", "expected"), FILES.values(), ids=FILES.keys())
def test_a_file_is_read_whatever_the_editor(content: bytes, expected: dict[str, str]) -> None:
    assert parse(content) == expected


TEXT = "SECRET_KEY=made-up\n"
UNREADABLE = {
    "UTF-16 of an editor": (TEXT.encode("utf-16"), "UTF-16"),
    "UTF-16, little endian": (b"\xff\xfe" + TEXT.encode("utf-16-le"), "UTF-16"),
    "UTF-16, big endian": (b"\xfe\xff" + TEXT.encode("utf-16-be"), "UTF-16"),
    "UTF-16 without a mark": (TEXT.encode("utf-16-le"), "UTF-16"),
    "UTF-16, big endian without a mark": (TEXT.encode("utf-16-be"), "UTF-16"),
    "UTF-16 with other letters": ("A=şifrə ödəniş\n".encode("utf-16-le"), "UTF-16"),
    "UTF-32": (TEXT.encode("utf-32"), "UTF-32"),
    "a Windows code page": (b"A=1\nB=\xfeifre\n", "byte 0xFE in line 2"),
    "a NUL": (b"A=1\nB=a\0b\n", "line 2 holds a NUL"),
}


@pytest.mark.parametrize(("content", "words"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_file_of_another_encoding_is_refused_by_its_name(content: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableTextError, match=words):
        decoded(content)
    file = tmp_path / "settings"
    file.write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match=words) as refused:
        read(file)
    assert str(file) in str(refused.value)


@pytest.mark.parametrize("line", ["SECRET_KEY = x", "SECRET_KEY: x", "SECRET KEY=x", "x", "1A=x", "=x", "[web]"])
def test_a_line_that_sets_nothing_is_an_error_with_its_number_and_without_its_text(line: str) -> None:
    with pytest.raises(ValueError, match="line 2 is no NAME=value") as refused:
        parse(f"A=1\n{line}\n".encode())
    assert line not in str(refused.value)


# --- kinds of values ----------------------------------------------------------------------------

GOOD: dict[str, tuple[Any, str, Any]] = {
    "on": (lambda env: env.switch("N"), " On ", True),
    "off": (lambda env: env.switch("N", default=True), "FALSE", False),
    "an empty switch": (lambda env: env.switch("N", default=True), "", True),
    "a number": (lambda env: env.number("N", 7), " 30 ", 30),
    "an empty number": (lambda env: env.number("N", 7), "", 7),
    "words": (lambda env: env.words("N"), " a, b ,,c", ["a", "b", "c"]),
    "a choice": (lambda env: env.choice("N", "INFO", ["INFO", "WARNING"]), "warning ", "WARNING"),
    "networks": (
        lambda env: env.networks("N"),
        "10.1.2.3/8, ::1, ::ffff:192.0.2.0/120",
        [ip_network("10.0.0.0/8"), ip_network("::1/128"), ip_network("192.0.2.0/24")],
    ),
    "neighbours": (
        lambda env: env.neighbours("N"),
        " smsbox:13013, 10.1.2.0/24 ",
        Neighbours.parse(["smsbox:13013", "10.1.2.0/24"]),
    ),
    "no neighbours": (lambda env: env.neighbours("N"), " ", Neighbours()),
    "a network and a word": (lambda env: env.networks("N", without="unix"), "unix,10.0.0.1", [ip_network("10.0.0.1")]),
}


@pytest.mark.parametrize(("ask", "value", "expected"), GOOD.values(), ids=GOOD.keys())
def test_a_value_is_read_as_its_kind(ask: Any, value: str, expected: Any) -> None:
    assert ask(Environment({"N": value}, "")) == expected


BAD: dict[str, tuple[Any, str]] = {
    "a switch": (lambda env: env.switch("N"), "enabled"),
    "a number": (lambda env: env.number("N", 7), "seven"),
    "a negative number": (lambda env: env.number("N", 7), "-1"),
    "a fraction": (lambda env: env.number("N", 7), "1.5"),
    "other digits": (lambda env: env.number("N", 7), "٣"),
    "too small": (lambda env: env.number("N", 7, least=1), "0"),
    "too large": (lambda env: env.number("N", 7, most=65535), "65536"),
    "a choice": (lambda env: env.choice("N", "INFO", ["INFO"]), "LOUD"),
    "a network": (lambda env: env.networks("N"), "10.0.0.0/33"),
    "a neighbour with a path": (lambda env: env.neighbours("N"), "smsbox:13013/path"),
    "a public neighbour": (lambda env: env.neighbours("N"), "8.8.8.8:53"),
    "another database": (lambda env: env.database("N"), "mysql://u@h/d"),
    "a database without a scheme": (lambda env: env.database("N"), "localhost/sms"),
}


@pytest.mark.parametrize(("ask", "value"), BAD.values(), ids=BAD.keys())
def test_a_value_that_is_not_of_its_kind_is_named(ask: Any, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^N") as refused:
        ask(Environment({"N": value}, ""))
    assert value.partition(":")[0].partition("/")[0] in str(refused.value)


@pytest.mark.parametrize(
    ("ask", "value"),
    [
        (lambda env: env.database("N"), "postgres://sms:made/up@localhost/sms"),
        (lambda env: env.database("N"), "postgres://sms:made?up@localhost/sms"),
        (lambda env: env.database("N"), "postgres://sms:made-up@localhost"),
        (lambda env: env.database("N"), "postgres://sms:made-up@localhost:port/sms"),
        (lambda env: env.mail_server("N"), "smtp+tls://sms:made/up@localhost:25"),
        (lambda env: env.mail_server("N"), "mail://sms:made-up@localhost"),
    ],
)
def test_an_address_that_can_not_be_read_is_named_without_its_password(ask: Any, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^N can't be read.*%2F") as refused:
        ask(Environment({"N": value}, ""))
    assert "made" not in str(refused.value)


@pytest.mark.parametrize("password", ["$ecret", "a#b", "a b", "a/b?c@d:e%f", "it's", '"', "şifrə", "%41", "a+b", r"\$"])
def test_a_password_in_an_address_arrives_decoded(password: str) -> None:
    given = Environment({"D": f"postgres://u:{quote(password, safe='')}@h/d", "M": f"smtp://u:{quote(password)}@h"}, "")
    assert given.database("D")["PASSWORD"] == password
    if "/" not in password:
        assert given.mail_server("M")["EMAIL_HOST_PASSWORD"] == password


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:///db.sqlite3", str(BASE_DIR / "db.sqlite3")),
        ("sqlite:///data/db.sqlite3", str(BASE_DIR / "data/db.sqlite3")),
        ("sqlite:///./db.sqlite3", str(BASE_DIR / "db.sqlite3")),
        ("sqlite:////var/lib/sms/db.sqlite3", "/var/lib/sms/db.sqlite3"),
        ("sqlite:////var/lib/my%20sms%2B1/db.sqlite3", "/var/lib/my sms+1/db.sqlite3"),
        ("sqlite://:memory:", ":memory:"),
    ],
)
def test_an_sqlite_file_is_the_same_from_every_folder(url: str, name: str) -> None:
    assert Environment({"N": url}, "").database("N")["NAME"] == name


@pytest.mark.parametrize("url", ["sqlite://db.sqlite3", "sqlite://data/db.sqlite3", "sqlite://", "sqlite:///"])
def test_two_slashes_are_no_database_in_memory(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="three slashes"):
        Environment({"N": url}, "").database("N")


@pytest.mark.parametrize("url", ["sqlite:///a#b.sqlite3", "sqlite:///a?b.sqlite3", "sqlite:////srv/#1/db.sqlite3"])
def test_an_sqlite_file_is_never_another_one_whose_name_is_the_start(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="%23 and %3F"):
        Environment({"N": url}, "").database("N")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("%2Fvar%2Frun", "/var/run"), ("db.example", "db.example"), ("[::1]:5432", "::1"), ("", "")],
)
def test_a_database_host_is_a_name_an_address_or_a_folder_of_a_unix_socket(host: str, expected: str) -> None:
    assert Environment({"N": f"postgres://u:p@{host}/d"}, "").database("N")["HOST"] == expected


@pytest.mark.parametrize("folder", ["plain", "with blanks", "a+b", "a#b", "a%41", "a?b", "ödəniş"])
def test_the_demonstrations_database_is_in_its_folder_whatever_its_name(folder: str, tmp_path: Path) -> None:
    (tmp_path / folder).mkdir()
    file = settings_file(tmp_path / folder)
    given = Environment(parse(file.read_bytes()), str(file))
    assert given.database("DATABASE_URL")["NAME"] == str(file.parent / "db.sqlite3")


# --- whole processes ------------------------------------------------------------------------------

SHOWN = ("SECRET_KEY", "LOG_LEVEL", "LOG_FORMAT", "ALLOWED_HOSTS", "ALERT_WEBHOOK_SECRET", "DATABASES")
SHOW = (
    f"import json; from config import settings as s; print(json.dumps([getattr(s, n) for n in {SHOWN}], default=str))"
)
SHOW_GUNICORN = (
    "import runpy, json; s = runpy.run_path('config/gunicorn.py');"
    "print(json.dumps([s[n] for n in ('bind', 'workers', 'loglevel', 'keepalive')]))"
)


def run(code: str, *, folder: Path = BASE_DIR, **values: str) -> subprocess.CompletedProcess[str]:
    """A process that was given these values and none of the tests' own."""
    own = {name: value for name, value in process_environment().items() if name not in PRODUCT}
    environment = {**own, "PYTHONPATH": str(BASE_DIR), "PYTHONWARNINGS": "error", **values}
    return subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)


def shown(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    file = tmp_path / "settings"
    lines = ["SECRET_KEY=$ecret #1", "FIELD_ENCRYPTION_KEYS=x", "DATABASE_URL=sqlite:///here.sqlite3"]
    lines += ["PORT=8123", "WEB_CONCURRENCY=3", "LOG_LEVEL=warning", "LOG_FORMAT=console", "KEEP_ALIVE=90"]
    lines += ["ALLOWED_HOSTS=a.example, b.example", "ALERT_WEBHOOK_SECRET='$x \"y\" #z'"]
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    return file


def test_every_setting_counts_from_the_file(env_file: Path, tmp_path: Path) -> None:
    for folder in (BASE_DIR, tmp_path):
        values = dict(zip(SHOWN, shown(run(SHOW, folder=folder, ENV_FILE=str(env_file))), strict=True))
        assert values.pop("DATABASES")["default"]["NAME"] == str(BASE_DIR / "here.sqlite3")
        assert values == {
            "SECRET_KEY": "$ecret #1",
            "LOG_LEVEL": "WARNING",
            "LOG_FORMAT": "console",
            "ALLOWED_HOSTS": ["a.example", "b.example"],
            "ALERT_WEBHOOK_SECRET": '$x "y" #z',
        }
    assert shown(run(SHOW_GUNICORN, ENV_FILE=str(env_file))) == ["0.0.0.0:8123", 3, "warning", 90]


def test_the_environment_wins_over_the_file(env_file: Path) -> None:
    given = {"SECRET_KEY": "$other", "LOG_LEVEL": "ERROR", "PORT": "8124", "WEB_CONCURRENCY": "1"}
    assert shown(run(SHOW, ENV_FILE=str(env_file), **given))[:2] == ["$other", "ERROR"]
    assert shown(run(SHOW_GUNICORN, ENV_FILE=str(env_file), **given)) == ["0.0.0.0:8124", 1, "error", 90]


def test_by_default_gunicorn_keeps_connections_longer_than_a_load_balancer() -> None:
    assert shown(run(SHOW_GUNICORN, ENV_FILE=os.devnull)) == ["0.0.0.0:8000", 2, "info", 75]


KEYS = {"SECRET_KEY": "x", "FIELD_ENCRYPTION_KEYS": "x"}
STRONG = {
    "ENV_FILE": os.devnull,
    "PUBLIC_URL": "https://sms.example",
    "DATABASE_URL": "sqlite:///x",
    "SECRET_KEY": PRODUCT["SECRET_KEY"],
    "FIELD_ENCRYPTION_KEYS": PRODUCT["FIELD_ENCRYPTION_KEYS"],
}
REFUSED = {
    "nothing": ({"ENV_FILE": os.devnull}, "SECRET_KEY is missing. Set it in the environment or in /dev/null;"),
    "an empty key": ({"ENV_FILE": os.devnull, "SECRET_KEY": ""}, "SECRET_KEY is empty."),
    "one of two": ({"ENV_FILE": os.devnull, "SECRET_KEY": "$A"}, "FIELD_ENCRYPTION_KEYS is missing."),
    "a file that is not there": (
        {"ENV_FILE": "/nowhere/settings"},
        "ENV_FILE names /nowhere/settings (it is not there)",
    ),
    "a folder": ({"ENV_FILE": "/"}, "ENV_FILE names / (it can't be read: Is a directory)"),
    "a level": ({"ENV_FILE": os.devnull, "LOG_LEVEL": "LOUD", **KEYS}, "LOG_LEVEL is 'LOUD'. Write one of DEBUG,"),
    "a format": ({"ENV_FILE": os.devnull, "LOG_FORMAT": "xml", **KEYS}, "LOG_FORMAT is 'xml'. Write one of json,"),
    "debugging in public": ({**STRONG, "DEBUG": "on"}, "DEBUG is on: error pages"),
    "a short secret key": ({**STRONG, "SECRET_KEY": "x" * 8}, "SECRET_KEY has 8 characters; at least 32"),
    "a secret key of one word": ({**STRONG, "SECRET_KEY": "change-me" * 9}, "SECRET_KEY can be guessed."),
    "the key of a new project": (
        {**STRONG, "SECRET_KEY": f"django-insecure-{STRONG['SECRET_KEY']}"},
        "SECRET_KEY can be guessed.",
    ),
    "an encryption key that is none": (
        {**STRONG, "FIELD_ENCRYPTION_KEYS": f"{STRONG['FIELD_ENCRYPTION_KEYS']},short"},
        "Key 2 of 2 of FIELD_ENCRYPTION_KEYS is no random Fernet key",
    ),
    "an encryption key of zeros": (
        {**STRONG, "FIELD_ENCRYPTION_KEYS": f"{'A' * 43}="},
        "Key 1 of 1 of FIELD_ENCRYPTION_KEYS is no random Fernet key",
    ),
    "a short webhook secret": (
        {**STRONG, "ALERT_WEBHOOK_SECRET": "short"},
        "ALERT_WEBHOOK_SECRET has 5 characters; at least 16",
    ),
    "a switch": ({"ENV_FILE": os.devnull, "REQUIRE_2FA": "ja", **KEYS}, "REQUIRE_2FA is 'ja'. Write on or off."),
}


@pytest.mark.parametrize(("values", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_wrong_is_named_as_it_is(values: dict[str, str], words: str) -> None:
    done = run(SHOW, **values)
    assert done.returncode == 1
    assert words in done.stderr


def test_strong_settings_start_in_public_and_weak_ones_at_home() -> None:
    assert run(SHOW, **STRONG).returncode == 0
    assert run(SHOW, **{**STRONG, **KEYS, "PUBLIC_URL": "http://127.0.0.1:8000"}).returncode == 0


def test_a_refusal_shows_no_secret() -> None:
    done = run(SHOW, **{**STRONG, "SECRET_KEY": "hunter2", "FIELD_ENCRYPTION_KEYS": "hunter3"})
    assert done.returncode == 1
    assert "hunter" not in done.stderr
