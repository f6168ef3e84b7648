"""Forms, files and calls allow the neighbours of the settings, and nothing else."""

from __future__ import annotations

import pytest

from providers.base import Adapter, HttpRequest, Misconfigured, Sender
from providers.neighbours import Neighbours
from providers.testing.wire import LONG, answer, replying, serving
from sms.services.configuration.network_policy import address_problem, client


@pytest.fixture(autouse=True)
def _one_neighbour(settings):
    settings.ALLOW_PRIVATE_PROVIDER_HOSTS = False
    settings.NEIGHBOUR_HOSTS = Neighbours.parse(["smsbox:13013"])


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("http://smsbox:13013", True),
        ("http://smsbox:13014", False),
        ("http://10.0.0.1:13013", False),
        ("https://10.0.0.1", False),
        ("https://vendor.example", True),
    ],
)
def test_an_address_is_allowed_if_it_is_listed_or_public(url, is_allowed):
    assert (address_problem(url, Adapter) is None) == is_allowed


def test_a_query_is_allowed_where_no_path_is_appended():
    assert address_problem("https://vendor.example/?key=1", Adapter) is None
    assert "query" in address_problem("https://vendor.example/?key=1", Sender)


def test_with_the_switch_on_every_address_is_allowed(settings):
    settings.ALLOW_PRIVATE_PROVIDER_HOSTS = True
    assert address_problem("http://10.0.0.1:13013", Sender) is None


def test_a_call_follows_the_same_settings(settings):
    with serving(replying(answer(b"whole"))) as server:
        with pytest.raises(Misconfigured):
            client().send(HttpRequest("GET", server.url), timeout=LONG)
        settings.NEIGHBOUR_HOSTS = Neighbours.parse([f"127.0.0.1:{server.port}"])
        assert client().send(HttpRequest("GET", server.url), timeout=LONG).body == b"whole"
