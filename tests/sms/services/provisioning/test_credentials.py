"""A file that leads an account to another server must name its secrets, and one that names them cures it."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from providers.base import Kind, Setting
from providers.registry import SENDERS
from sms.models import Provider
from sms.services.provisioning.apply import ProvisioningError, provision, read
from tests.support.standins import STAND_INS

pytestmark = pytest.mark.django_db

HEAD = '[[providers]]\nslug = "stamp-az"\nvendor = "stamp"\n'
SECRETS = '[providers.credentials]\nuser = "shop"\npassword = "made-up-password"\n'
AT_HOME, ELSEWHERE = 'base_url = "https://stamp.example/v2"\n', 'base_url = "https://evil.example"\n'


@pytest.fixture(autouse=True)
def stamp(monkeypatch):
    monkeypatch.setitem(SENDERS, "stamp", STAND_INS["stamp"])
    provision(read((HEAD + AT_HOME + SECRETS).encode()))


def apply(text: str) -> list[str]:
    return [str(change) for change in provision(read(text.encode())).changes]


def provider() -> Provider:
    return Provider.objects.get()


@pytest.mark.parametrize("secrets", ["", '[providers.credentials]\nuser = "shop"\n'])
@pytest.mark.parametrize("address", [ELSEWHERE, 'base_url = "https://stamp.example:8443"\n'])
def test_another_server_without_the_secrets_is_an_issue(secrets, address):
    with pytest.raises(ProvisioningError, match=r"providers\[0\]\.credentials\.password: is missing: https://"):
        apply(HEAD + address + secrets)
    assert provider().base_url == "https://stamp.example/v2"


def test_with_the_secrets_it_is_done_once():
    assert apply(HEAD + ELSEWHERE + SECRETS) == [
        "changed provider stamp-az: base_url https://stamp.example/v2 -> https://evil.example, credentials"
    ]
    assert provider().credentials_problem == ""
    assert apply(HEAD + ELSEWHERE + SECRETS) == []


def test_an_account_that_was_moved_by_other_means_is_cured():
    Provider.objects.update(base_url="https://evil.example")
    with pytest.raises(ProvisioningError):
        apply(HEAD)
    assert apply(HEAD + SECRETS) == ["changed provider stamp-az: credentials"]
    assert provider().credentials_problem == ""


def test_credentials_that_no_key_opens_are_replaced(settings):
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert apply(HEAD + "timeout = 20\n") == ["changed provider stamp-az: timeout 15 -> 20"]
    assert apply(HEAD + SECRETS) == ["changed provider stamp-az: credentials"]
    assert (provider().credentials["password"], provider().credentials_problem) == ("made-up-password", "")
    assert apply(HEAD + SECRETS) == []


FILTER = Setting("filter", "Filter", "By law.", kind=Kind.CHOICE, choices=("0", "11"), required=True)


def test_a_required_option_must_be_in_the_file_of_a_new_provider(monkeypatch):
    monkeypatch.setattr(STAND_INS["stamp"], "options", (FILTER,))
    new = HEAD.replace("stamp-az", "stamp-ro") + AT_HOME + SECRETS
    with pytest.raises(ProvisioningError, match=r"options\.filter: is missing"):
        apply(new)
    apply(new + '[providers.options]\nfilter = "11"\n')
    assert Provider.objects.get(slug="stamp-ro").options == {"filter": "11"}


def test_a_stored_required_option_need_not_be_in_the_file(monkeypatch):
    monkeypatch.setattr(STAND_INS["stamp"], "options", (FILTER,))
    apply(HEAD + SECRETS + '[providers.options]\nfilter = "11"\n')
    assert apply(HEAD + "timeout = 7\n")
    assert provider().options == {"filter": "11"}


SIGNING = Setting("signing", "Signing key", "A key.", secret=True, optional=True)


def test_an_optional_secret_may_be_missing_and_is_removed_by_an_empty_text(monkeypatch):
    monkeypatch.setattr(STAND_INS["stamp"], "credentials", (*STAND_INS["stamp"].credentials, SIGNING))
    assert apply(HEAD + AT_HOME + SECRETS) == []
    apply(HEAD + AT_HOME + SECRETS + 'signing = "made-up-key"\n')
    assert provider().credentials["signing"] == "made-up-key"
    with pytest.raises(ProvisioningError, match=r"providers\[0\]\.credentials\.signing: is missing: https://"):
        apply(HEAD + ELSEWHERE + SECRETS)
    apply(HEAD + ELSEWHERE + SECRETS + 'signing = ""\n')
    assert (set(provider().credentials), provider().credentials_problem) == ({"user", "password"}, "")
