"""The provisioning file's JSON schema, and what its error messages must never show."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import jsonschema
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from providers.registry import FORWARDERS, SENDERS
from sms.models import ApiClient
from sms.services.provisioning.apply import SECTIONS, ProvisioningError, json_schema, provision, read
from tests.support.standins import STAND_INS, Pigeon


@pytest.fixture(autouse=True)
def made_up_vendors(monkeypatch):
    monkeypatch.setitem(SENDERS, "stamp", STAND_INS["stamp"])
    monkeypatch.setitem(FORWARDERS, "pigeon", Pigeon)


EXAMPLE = Path(settings.BASE_DIR) / "shop.example.toml"


def printed() -> dict:
    out = StringIO()
    call_command("provision", schema=True, stdout=out)
    return json.loads(out.getvalue())


def test_the_command_prints_the_schema_that_the_example_file_meets():
    assert printed() == json_schema()
    jsonschema.Draft202012Validator(printed()).validate(json.loads(json.dumps(_example(), default=str)))


def _example() -> dict:
    return tomllib.loads(EXAMPLE.read_text())


@pytest.mark.parametrize(
    "text",
    [
        '[[client]]\nusername = "a"',
        "[[clients]]\nrate_limit = 5",
        '[[clients]]\nusername = "a"\nrate_limit = -1',
        '[[clients]]\nusername = "a"\non_no_template = "odd"',
        '[[providers]]\nslug = "p"\nvendor = "odd"',
        '[[providers]]\nslug = "p"\ntimeot = 5',
        '[[senders]]\nname = "A"\n[[senders.approvals]]\nstatus = "approved"',
        '[[rented_numbers]]\nphone = "+994501112233"\nvalid_from = "x"',
    ],
)
def test_the_schema_finds_what_provisioning_would_reject(text):
    assert not jsonschema.Draft202012Validator(json_schema()).is_valid(tomllib.loads(text))


def test_the_schema_knows_every_section_and_the_defaults_of_a_new_row():
    schema = json_schema()
    assert set(schema["properties"]) == set(SECTIONS)
    client = schema["$defs"]["ClientTable"]["properties"]
    assert (client["otp_per_number"]["default"], client["read_messages"]["default"]) == (5, True)
    assert client["otp_per_number"]["description"] == ApiClient._meta.get_field("otp_per_number").help_text
    assert client["on_no_template"]["default"] == "refuse"


def test_the_command_without_a_file_says_what_to_do():
    with pytest.raises(CommandError, match=r"provision shop\.toml"):
        call_command("provision")


SECRET = "made-up-secret-9125"
ACCOUNT = '[[providers]]\nslug = "p"\nvendor = "stamp"\n'


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text",
    [
        f'[[clients]]\nusername = "a"\npassword = ["{SECRET}"]',
        f'[[clients]]\nusername = "a"\npassword = {{ x = "{SECRET}" }}',
        f'[[clients]]\nusername = "a"\npassword = "{SECRET}\\u0000"',
        '[[clients]]\nusername = "a"\npassword = 9125',
        '[[clients]]\nusername = "a"\npassword = 9125.5',
        f'[[clients]]\nusername = "a"\npaswort = "{SECRET}"',
        f'[[clients]]\nusername = "a"\nrate_limit = "{SECRET}"',
        f'{ACCOUNT}credentials = "{SECRET}"',
        f'{ACCOUNT}credentials = ["{SECRET}"]',
        f'{ACCOUNT}credentials = {{ x = "{SECRET}" }}',
        f"{ACCOUNT}credentials = {{ user = 9125 }}",
        '[[partners]]\nslug = "p"\nvendor = "pigeon"\nurl = "https://x.example"\ncredentials = { key = 9125 }',
        f'[[partners]]\nslug = "p"\nvendor = "pigeon"\nurl = ["https://x.example/{SECRET}"]',
    ],
)
def test_no_message_shows_what_may_be_a_secret(text):
    with pytest.raises(ProvisioningError) as rejected:
        provision(read(text.encode()))
    assert rejected.value.issues
    assert "9125" not in str(rejected.value)


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 5000 + "]" * 5000])
def test_a_file_that_the_parser_cannot_hold_is_one_line(value):
    with pytest.raises(ProvisioningError, match=r"^file: this is not valid TOML: "):
        read(f"a = {value}".encode())


@pytest.mark.django_db
def test_braces_and_percent_signs_in_a_value_are_shown_as_they_are():
    with pytest.raises(ProvisioningError, match=r"'\{x\}%s' is not one of refuse, hold"):
        provision(read(b'[[clients]]\nusername = "a"\non_no_template = "{x}%s"'))


@pytest.mark.django_db
def test_a_wrong_key_does_not_hide_what_is_wrong_beside_it():
    with pytest.raises(ProvisioningError) as rejected:
        provision(
            read(
                b"""
                [[routes]]
                prefix = "+1"
                providers = ["nobody"]
                ttl = "long"
                is_opt = true
                """
            )
        )
    assert [str(issue).partition(":")[0] for issue in rejected.value.issues] == [
        "routes[0].ttl",
        "routes[0].providers[0]",
        "routes[0].is_opt",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[[senders]]\nname = "A"\napprovals = 3', "senders[0].approvals: must be a list, not the number 3"),
        ('[[senders]]\nname = "A"\napprovals = [3]', "senders[0].approvals[0]: must be a table, not the number 3"),
        (
            '[[senders]]\nname = "A"\napprovals = [{ provder = "x" }]',
            "senders[0].approvals[0].provder: unknown key; did you mean provider?",
        ),
        ('[[clients]]\nusername = "a"\nsenders = [3]', "clients[0].senders[0]: must be a string"),
        (
            '[[rented_numbers]]\nphone = "+994501112233"\nfrom = 2026-01-01',
            "rented_numbers[0].from: must be a date and time such as 2026-01-01T00:00:00Z, not a date or time",
        ),
        (
            '[[rented_numbers]]\nphone = "+994501112233"\nfrom = 9999-12-31T23:59:59-01:00',
            "rented_numbers[0].from: is not between the years 1 and 9999 in UTC",
        ),
        (
            '[[rented_numbers]]\nphone = "+994501112233"\nuntil = 0001-01-01T00:00:00+01:00',
            "rented_numbers[0].until: is not between the years 1 and 9999 in UTC",
        ),
        ('[[clients]]\nusername = "a"\nrate_limit = 1.0', "clients[0].rate_limit: must be a whole number"),
        (
            '[[clients]]\nusername = "a"\n"rate_limit " = 1',
            "clients[0].rate_limit : unknown key; did you mean rate_limit?",
        ),
        ('[[clients]]\nusername = "a"\n"x\\n" = 1', "clients[0].'x\\n': unknown key"),
        (f'[[clients]]\nusername = "a"\nrate_limit = {10**30}', f"clients[0].rate_limit: {10**30} is not between"),
        ('[[templates]]\nname = "t"\nbody = "Hi"\nplaceholders = []', "templates[0].placeholders: must be a table"),
    ],
)
def test_a_wrong_value_is_a_line_with_its_place(text, line):
    with pytest.raises(ProvisioningError) as rejected:
        provision(read(text.encode()))
    assert any(str(issue).startswith(line) for issue in rejected.value.issues)


def tables(schema: dict) -> dict[str, set[str]]:
    """The keys of each table of the schema, by the table's name."""
    return {name: set(table["properties"]) for name, table in schema["$defs"].items() if "properties" in table}


def test_the_example_file_shows_every_key():
    shown = set(re.findall(r"(?m)^(?:# )?(\w+) = ", EXAMPLE.read_text()))
    shown |= set(re.findall(r"(?m)^(?:# )?\[+(?:\w+\.)*(\w+)\]+", EXAMPLE.read_text()))
    for table, keys in tables(json_schema()).items():
        assert keys <= shown, table


def strings(value: object, path: tuple = ()) -> Iterator[tuple]:
    """The place of each string of a TOML value."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from strings(inner, (*path, key))
    elif isinstance(value, str):
        yield path


@pytest.mark.django_db
@pytest.mark.parametrize("path", list(strings(tomllib.loads(EXAMPLE.read_text()))), ids=str)
def test_a_nul_in_any_value_is_an_error_with_its_place(path):
    data = _example()
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] += "\0"
    with pytest.raises(ProvisioningError) as told:
        provision(data)
    assert str(path[0]) in str(told.value)
