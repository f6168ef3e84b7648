"""kannel/ and the profile "smpp" of compose.yaml, as far as they show without a platform."""

from __future__ import annotations

import runpy
from ipaddress import ip_network

import pytest

from .files import ROOT, compose, dockerfile, interpolated, read

BOXES = ("bearerbox", "smsbox")
GIVEN = {"SMPP_HOST": "smsc.example", "SMPP_USERNAME": "u", "SMPP_PASSWORD": "p", "KANNEL_PASSWORD": "k"}
START = runpy.run_path(str(ROOT / "kannel/start.py"))


def configuration(**changes: str) -> dict[str, dict[str, str]]:
    """The groups of kannel.conf as start.py fills it in."""
    groups: dict[str, dict[str, str]] = {}
    lines = START["filled"](read("kannel/kannel.conf"), GIVEN | changes).splitlines()
    for line in lines:
        name, found, value = line.partition(" = ")
        if name == "group":
            groups[value] = current = {}
        elif found and not line.startswith("#"):
            current[name] = value.strip('"')
    return groups


def test_the_image_is_that_of_the_product_with_the_package_and_runs_unprivileged():
    words = dict(dockerfile("kannel/Dockerfile"))
    assert words["FROM"] == dict(dockerfile())["FROM"]
    assert "kannel=1.4.5-*" in words["RUN"]
    assert words["USER"] == "10002"


def test_both_processes_start_only_with_the_profile_and_are_reached_by_no_port_of_the_host():
    services = compose()["services"]
    for box in BOXES:
        assert services[box]["profiles"] == ["smpp"]
        assert services[box]["command"] == [box]
        assert "ports" not in services[box]
        assert "env_file" not in services[box]  # it holds the keys of the product
        assert services[box]["healthcheck"]["test"][:3] == ["CMD", "python", "-c"]
        compile(services[box]["healthcheck"]["test"][3], "the probe", "exec")
    assert services["smsbox"]["depends_on"] == {"bearerbox": {"condition": "service_healthy"}}


def test_compose_needs_no_setting_of_it_without_the_profile():
    for value in compose()["services"]["bearerbox"]["environment"].values():
        interpolated(value, {})


def test_the_spool_is_a_volume_where_the_image_has_a_folder_of_its_user():
    bearerbox = compose()["services"]["bearerbox"]
    assert bearerbox["volumes"] == [f"kannel:{START['DEFAULTS']['SPOOL']}"]
    assert "kannel" in compose()["volumes"]
    assert f"--owner 10002 {START['DEFAULTS']['SPOOL']}" in dict(dockerfile("kannel/Dockerfile"))["RUN"]


def test_only_the_containers_of_the_file_are_allowed():
    [network] = compose()["networks"]["default"]["ipam"]["config"]
    allowed = compose()["services"]["smsbox"]["environment"]["ALLOWED_IPS"]
    pattern = str(ip_network(network["subnet"]).network_address).removesuffix("0") + "*"
    assert allowed == f"127.0.0.1;{pattern}"
    groups = configuration(ALLOWED_IPS=allowed)
    assert (groups["core"]["box-deny-ip"], groups["core"]["box-allow-ip"]) == ("*.*.*.*", allowed)
    assert (groups["sendsms-user"]["user-deny-ip"], groups["sendsms-user"]["user-allow-ip"]) == ("*.*.*.*", allowed)
    assert (groups["core"]["admin-interface"], groups["core"]["admin-allow-ip"]) == ("127.0.0.1", "127.0.0.1")


def test_messages_survive_a_kill_and_no_retry_is_without_end():
    groups = configuration()
    assert (groups["core"]["store-type"], groups["core"]["dlr-storage"]) == ("spool", "spool")
    assert int(groups["core"]["sms-resend-retry"]) > 0
    assert groups["sms-service"] == {"keyword": "default", "text": "", "max-messages": "0"}  # no answers to handsets
    assert int(groups["smsbox"]["http-request-retry"]) > 0
    assert groups["smsc"]["wait-ack-expire"] == "2"  # a lost answer alone makes no second message
    assert int(groups["core"]["log-level"]) == int(groups["smsbox"]["log-level"]) == 2  # no texts in the log


def test_the_adapter_and_the_file_agree():
    from providers.vendors.kannel import Kannel

    groups = configuration()
    assert int(groups["sendsms-user"]["max-messages"]) == Kannel.max_parts
    assert Kannel.default_base_url.endswith(f"//smsbox:{groups['smsbox']['sendsms-port']}")


@pytest.mark.parametrize("name", GIVEN)
def test_a_missing_setting_is_named(name):
    with pytest.raises(ValueError, match=f"{name} is missing"):
        configuration(**{name: ""})


@pytest.mark.parametrize("value", ["a\nhost = evil.example", 'a"', "a\\", " a", "a\r", "a\x00"])
def test_no_value_adds_a_line_to_the_file(value):
    with pytest.raises(ValueError, match="SMPP_PASSWORD must be printable"):
        configuration(SMPP_PASSWORD=value)


def test_a_dollar_in_a_password_stays_one():
    assert configuration(SMPP_PASSWORD="a$SMPP_HOST$$b")["smsc"]["smsc-password"] == "a$SMPP_HOST$$b"
