"""Credentials and options: the defaults, what each takes, and mistakes named by their key."""

from __future__ import annotations

from typing import Any

import pytest

from providers.base import Adapter, Kind, Misconfigured, Setting, SettingError
from providers.registry import FORWARDERS, SENDERS

ADAPTERS = {**SENDERS, **FORWARDERS}


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


class Typed(Adapter):
    """Made up, with an option of each further kind."""

    slug = name = documents = "typed"
    options = (
        Setting("address", "Address", "An address.", kind=Kind.URL),
        Setting("key", "Key", "A key.", kind=Kind.KEY),
        Setting("number", "Number", "A number.", kind=Kind.MSISDN),
        Setting("filter", "Filter", "A filter.", kind=Kind.CHOICE, choices=("0", "11"), required=True),
    )


@pytest.mark.parametrize("adapter", [*ADAPTERS.values(), Typed], ids=lambda adapter: adapter.slug)
def test_a_default_is_itself_a_value_that_is_taken(adapter: type[Adapter]) -> None:
    defaults = {setting.key: setting.default for setting in adapter.options if setting.default is not None}
    assert adapter.clean_options(defaults) == defaults
    assert adapter.clean_options({}) == {}


PEM = "-----BEGIN PUBLIC KEY-----\nbWFkZS11cA==\n-----END PUBLIC KEY-----"
TYPED = [
    ("address", "https://api.vendor.example", "https://api.vendor.example"),
    ("address", " https://api.vendor.example:8443/a/b?c=d\n", "https://api.vendor.example:8443/a/b?c=d"),
    ("address", "https://api.vendor.example?x=1", "https://api.vendor.example?x=1"),
    ("address", "https://[2001:db8::1]/a", "https://[2001:db8::1]/a"),
    ("address", "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ("key", PEM, PEM),
    ("key", f"\n{PEM}\n\n".replace("\n", "  \r\n"), PEM),
    ("key", "k" * 4096, "k" * 4096),
    ("number", "+994501234567", "+994501234567"),
    ("number", "+994 (50) 123-45-67", "+994501234567"),
    ("filter", "11", "11"),
]
NOT_TYPED = [
    ("address", "api.vendor.example"),
    ("address", "ftp://api.vendor.example"),
    ("address", "https://"),
    ("address", "https://user:password@api.vendor.example"),
    ("address", "https://api.vendor.example\\@evil.example"),
    ("address", "https://api.vendor.example/a b"),
    ("address", "https://пример.example"),
    ("address", "https://api.vendor.example:99999"),
    ("address", "https://a..b"),
    ("address", "https://api.vendor.example/#f"),
    ("address", "https://api.vendor.example/a\\b"),
    ("address", ["https://api.vendor.example"]),
    ("key", ""),
    ("key", " \n "),
    ("key", "k" * 4097),
    ("key", "a\x00b"),
    ("key", "a\nb\u202ec"),
    ("key", 7),
    ("number", "0501234567"),
    ("number", "994501234567"),
    ("number", "+99450123456789012"),
    ("number", "+994501234567x"),
    ("number", "+٩٩٤٥٠١٢٣٤٥٦٧"),
    ("number", 994501234567),
    ("filter", "12"),
    ("filter", 11),
    ("filter", ""),
]


@pytest.mark.parametrize(("key", "value", "stored"), TYPED)
def test_a_typed_option_is_taken(key: str, value: str, stored: str) -> None:
    assert Typed.clean_options({key: value}) == {key: stored}


@pytest.mark.parametrize(("key", "value"), NOT_TYPED)
def test_a_wrong_typed_option_is_refused_by_its_key(key: str, value: Any) -> None:
    with pytest.raises(SettingError) as caught:
        Typed.clean_options({key: value})
    assert caught.value.key == key


def test_without_a_required_option_no_call_is_made() -> None:
    assert Typed.missing_options({}) == Typed.missing_options({"filter": ""}) == ("filter",)
    assert Typed.missing_options({"filter": "0"}) == ()
    with pytest.raises(Misconfigured, match="filter"):
        Typed(base_url="", credentials={}, options={}).require_credentials()
    Typed(base_url="", credentials={}, options={"filter": "0"}).require_credentials()


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
