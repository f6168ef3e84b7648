"""What `dev.py bench peers` prepares and writes; no gateway is started."""

from __future__ import annotations

import configparser
import json
import tomllib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from benchmarks.accept import message
from benchmarks.peers import __main__ as peers
from benchmarks.peers import claims, gateways, jasmin, programs
from benchmarks.peers.broker import rabbitmq_environment
from benchmarks.results import benchmark_of
from benchmarks.wrk import Figures

ALL = [claims.OURS, claims.KANNEL, claims.JASMIN, claims.CHANGED]


def figures(rate: float, p99: float) -> Figures:
    return Figures(rate, 1, 2, p99, 100, 0, 0)


# --- what is set up -----------------------------------------------------------------------------------


def test_jasmin_listens_on_loopback_alone_at_its_own_ports():
    ports = {name: 20_000 + n for n, name in enumerate(jasmin.SERVERS)}
    read = configparser.RawConfigParser()
    read.read_string(jasmin.configuration(ports, 21_001, 21_002, Path("/made-up/amqp.xml")))
    assert {name: read.getint(name, "port") for name in jasmin.SERVERS} == ports
    assert {read.get(name, "bind") for name in jasmin.SERVERS} == {"127.0.0.1"}
    assert read.getint("amqp-broker", "port") == 21_001
    assert read.get("amqp-broker", "spec") == "/made-up/amqp.xml"
    assert read.getint("redis-client", "port") == 21_002
    assert {read.get(name, "log_level") for name in read.sections()} == {"WARNING"}


def test_rabbitmq_writes_in_its_folder_and_listens_on_loopback(tmp_path):
    environment = rabbitmq_environment(tmp_path, 21_001, 21_002, 21_003)
    places = ("HOME", "RABBITMQ_MNESIA_BASE", "RABBITMQ_LOG_BASE", "RABBITMQ_PID_FILE", "RABBITMQ_ENABLED_PLUGINS_FILE")
    assert [name for name in places if not Path(environment[name]).is_relative_to(tmp_path)] == []
    assert {environment[name] for name in ("RABBITMQ_NODE_IP_ADDRESS", "ERL_EPMD_ADDRESS")} == {"127.0.0.1"}
    assert "{127,0,0,1}" in environment["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"]


def test_the_product_sends_to_the_given_kannel():
    shop = tomllib.loads(gateways.through("http://127.0.0.1:20001"))
    [provider] = [each for each in shop["providers"] if each["slug"] == "template"]
    assert (provider["vendor"], provider["base_url"]) == ("kannel", "http://127.0.0.1:20001")
    assert shop["senders"][0]["approvals"] == [{"provider": "template", "status": "approved"}]
    assert len(shop["templates"]) == 1000


# --- the same work ------------------------------------------------------------------------------------


def test_every_text_is_one_segment():
    """So that each message is one submit_sm, and the SMSC's count is that of the messages."""
    assert max(len(message(n)["text"].encode("utf-16-be")) // 2 for n in range(gateways.COUNT)) <= 70


def fields_of(target: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}


@pytest.mark.parametrize("n", [0, 1, 49, 999, gateways.COUNT - 1])
def test_each_gateway_gets_the_same_message(n):
    (kannel, _), (other, _) = list(gateways.kannel_calls())[n], list(jasmin.calls())[n]
    by_kannel, by_jasmin = fields_of(kannel), fields_of(other)
    by_jasmin["text"] = bytes.fromhex(by_jasmin["hex-content"]).decode("utf-16-be")
    for fields in (by_kannel, by_jasmin):
        assert {name: fields[name] for name in ("from", "to", "text")} == message(n)


def test_the_product_gets_the_same_message(tmp_path):
    lines = gateways.requests(tmp_path / "requests").file.read_text().splitlines()
    body = json.loads(lines[7].partition("\t")[2])
    assert {name: body[name] for name in ("from", "to", "text")} == message(7)


# --- what is missing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("present", "packages"),
    [
        ((), "erlang-base rabbitmq-server redis-server"),
        (("epmd", "rabbitmq-server"), "redis-server"),
        (("epmd", "redis-server"), "rabbitmq-server"),
        (("rabbitmq-server", "redis-server"), "erlang-base"),
    ],
)
def test_what_is_not_installed_is_named_with_the_command(tmp_path, present, packages):
    for name in present:
        (tmp_path / name).touch(mode=0o755)
    with pytest.raises(programs.Missing, match=rf"`apt-get install {packages}`"):
        programs.require(str(tmp_path))


def test_nothing_is_missing_where_all_is_installed(tmp_path):
    for name in programs.PROGRAMS:
        (tmp_path / name).touch(mode=0o755)
    programs.require(str(tmp_path))


def test_without_jasmin_the_tables_say_that_it_is_left_out(monkeypatch, capsys):
    def fail() -> Path:
        raise programs.Missing("redis-server: not installed.")

    monkeypatch.setattr(peers, "find_jasmin", fail)
    assert peers.jasmin_or_why() == (None, "Jasmin is left out. redis-server: not installed.")
    assert "redis-server: not installed." in capsys.readouterr().err


def test_the_environment_is_kept_in_the_cache_by_version(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert programs.cache_folder() == tmp_path / "sms-desk" / f"jasmin-{programs.VERSION}"


@pytest.fixture
def uv(monkeypatch, tmp_path):
    """A stand-in of uv beside Python; the file `fails` makes it fail."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(programs.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(programs, "require", lambda: None)
    steps = (
        f'echo "$@" >>{tmp_path}/calls',
        f"cat {tmp_path}/fails >&2 && exit 2",
        f"mkdir -p {programs.cache_folder()}",
    )
    script = tmp_path / "uv"
    script.write_text("\n".join(("#!/bin/sh", *steps)))
    script.chmod(0o755)
    return tmp_path


def test_a_failed_installation_is_a_reason_and_tried_again(uv):
    (uv / "fails").write_text("no index is reachable")
    for _ in range(2):
        with pytest.raises(programs.Missing, match="could not be installed: no index is reachable"):
            programs.find_jasmin()
    (uv / "fails").unlink()
    assert programs.find_jasmin() == programs.cache_folder() / "bin"


def test_jasmin_is_installed_once(uv):
    for _ in range(2):
        programs.find_jasmin()
    made, installed = (uv / "calls").read_text().splitlines()
    assert made.startswith("venv ")
    assert installed.endswith(f"jasmin=={programs.VERSION} setuptools<81")


# --- what is written ----------------------------------------------------------------------------------


def test_a_row_of_accepting_has_medians_and_what_is_kept():
    found = [figures(100, 7), figures(300, 9), figures(200, 8)]
    expected = (claims.KANNEL, "16", "200 (100 to 300)", "8 (7 to 9)", claims.KEEPS[claims.KANNEL])
    assert peers.row_accepting(claims.KANNEL, 16, found) == expected


def test_a_row_of_the_whole_way_has_medians_and_what_is_given_up():
    found = [peers.Run(figures(100 * n, n), 10 * n, 50 * n) for n in (3, 1, 2)]
    medians = ("100 (50 to 150)", "20 (10 to 30)", "200 (100 to 300)", "2 (1 to 3)")
    assert peers.row_reaching(claims.JASMIN, found) == (claims.JASMIN, *medians, claims.GIVES_UP[claims.JASMIN])


def test_each_gateway_has_its_claims():
    assert list(claims.GIVES_UP) == ALL
    assert set(claims.KEEPS) == {*ALL, claims.BARE, claims.UNSYNCHRONISED}


@pytest.mark.parametrize(
    ("file", "name"), [("benchmarks/accept.py", "accept"), ("benchmarks/peers/__main__.py", "peers")]
)
def test_the_command_is_named_as_it_is_given(file, name):
    assert benchmark_of(Path(file)) == name
