"""Credentials and options: the defaults, what each takes, and mistakes named by their key."""

from __future__ import annotations

from typing import Any

import pytest

from providers.base import Adapter, SettingError
from providers.registry import FORWARDERS, SENDERS

ADAPTERS = {**SENDERS, **FORWARDERS}


@pytest.mark.parametrize("slug", ADAPTERS)
def test_a_default_is_itself_a_value_that_is_taken(slug: str) -> None:
    adapter: type[Adapter] = ADAPTERS[slug]
    defaults = adapter.options_with_defaults({})
    assert adapter.clean_options(defaults) == defaults
    assert adapter.clean_options({}) == {}


@pytest.mark.parametrize("slug", ADAPTERS)
@pytest.mark.parametrize("method", ["clean_options", "clean_credentials"])
def test_an_unknown_key_is_a_mistake_that_is_named(slug: str, method: str) -> None:
    with pytest.raises(SettingError) as caught:
        getattr(ADAPTERS[slug], method)({"phone_fromat": "digits"})
    assert caught.value.key == "phone_fromat"
    assert "no such setting" in caught.value.message


TAKEN = [
    ("accolades", "phone_format", "00", "00"),
    ("accolades", "trailing_slash", True, True),
    ("etelecom", "routerule", " 1,3 ", "1,3"),
    ("etelecom", "webhook_ips", ["203.0.113.7", "2001:db8::/32"], ["203.0.113.7/32", "2001:db8::/32"]),
    ("etelecom", "poll_after", [1, 2], [1, 2]),
    ("onlinesim", "max_tries", 1, 1),
]
MISTAKES = [
    ("accolades", "phone_format", "international"),
    ("accolades", "phone_format", ["e164"]),
    ("smsplus", "phone_format", "00"),
    ("accolades", "trailing_slash", "true"),
    ("accolades", "trailing_slash", 1),
    ("etelecom", "routerule", 3),
    ("etelecom", "routerule", "4"),
    ("etelecom", "routerule", "1, 3"),
    ("etelecom", "routerule", ""),
    ("etelecom", "routerule_form", "list"),
    ("etelecom", "webhook_ips", "203.0.113.7"),
    ("etelecom", "webhook_ips", ["203.0.113.300"]),
    ("etelecom", "webhook_ips", [7]),
    ("etelecom", "poll_after", []),
    ("etelecom", "poll_after", [0]),
    ("etelecom", "poll_after", [30, 30]),
    ("etelecom", "poll_after", [120, 30]),
    ("etelecom", "poll_after", [30, "120"]),
    ("etelecom", "poll_after", 30),
    ("onlinesim", "max_tries", 0),
    ("onlinesim", "max_tries", True),
    ("onlinesim", "max_tries", "30"),
    ("onlinesim", "timeout", 1.5),
    ("onlinesim", "timeout", 10**9),
]


@pytest.mark.parametrize(("slug", "key", "value", "stored"), TAKEN)
def test_an_option_is_taken(slug: str, key: str, value: Any, stored: Any) -> None:
    assert ADAPTERS[slug].clean_options({key: value}) == {key: stored}


@pytest.mark.parametrize(("slug", "key", "value"), MISTAKES)
def test_a_wrong_option_is_refused_by_its_key(slug: str, key: str, value: Any) -> None:
    with pytest.raises(SettingError) as caught:
        ADAPTERS[slug].clean_options({key: value})
    assert caught.value.key == key
    assert caught.value.message


def test_a_pasted_credential_loses_its_blanks_at_the_ends() -> None:
    assert SENDERS["smsplus"].clean_credentials({"token": " 12|abc\n"}) == {"token": "12|abc"}
    assert SENDERS["accolades"].clean_credentials({"password": "p ä s s"}) == {"password": "p ä s s"}


WRONG_CREDENTIALS = [
    ("smsplus", "token", "two words"),
    ("smsplus", "token", "tökén"),
    ("smsplus", "token", ""),
    ("smsplus", "token", None),
    ("smsplus", "token", "x" * 501),
    ("accolades", "account_number", "47/11"),
    ("accolades", "account_number", ".."),
    ("accolades", "account_number", 4711),
    ("etelecom", "password", "a\x00b"),
    ("etelecom", "password", "a\nb"),
]


@pytest.mark.parametrize(("slug", "key", "value"), WRONG_CREDENTIALS)
def test_a_wrong_credential_is_refused_without_being_quoted(slug: str, key: str, value: Any) -> None:
    with pytest.raises(SettingError) as caught:
        SENDERS[slug].clean_credentials({key: value})
    assert caught.value.key == key
    assert not value or str(value) not in str(caught.value)
