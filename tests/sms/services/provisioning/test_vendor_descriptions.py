"""[[vendor_descriptions]]: known to the providers of the same file, and only if the whole file is applied."""

from __future__ import annotations

import pytest

from providers.registry import SENDERS
from sms.models import Provider, VendorDescription
from sms.services.provisioning.apply import ProvisioningError, json_schema, provision
from tests.sms.descriptions import description

pytestmark = pytest.mark.django_db

ACME = {"slug": "acme", "text": description()}
STATED = 'vendor description acme: messages are sent twice if this statement is wrong: class = "recipient": 7'
ACCOUNT = {"slug": "acme-az", "vendor": "acme", "credentials": {"token": "made-up"}}


def apply(*descriptions: dict, providers: tuple[dict, ...] = (), check_only: bool = False) -> list[str]:
    done = provision({"providers": list(providers), "vendor_descriptions": list(descriptions)}, check_only=check_only)
    return [str(change) for change in done.changes] + done.notes


def issues(*descriptions: dict, providers: tuple[dict, ...] = ()) -> list[str]:
    with pytest.raises(ProvisioningError) as error:
        apply(*descriptions, providers=providers)
    return [str(issue) for issue in error.value.issues]


def test_a_vendor_and_its_account_in_one_file():
    assert apply(ACME, providers=(ACCOUNT,)) == ["created vendor description acme", "created provider acme-az", STATED]
    assert apply(ACME, providers=(ACCOUNT,)) == []
    assert Provider.objects.get().credentials_problem == ""
    assert VendorDescription.history.get().history_change_reason == "Provisioning file."
    assert "acme" in str(json_schema()["$defs"]["ProviderTable"]["properties"]["vendor"]["enum"])


def test_a_change_names_the_accounts_that_use_it():
    apply(ACME, providers=(ACCOUNT,))
    changed = apply({"slug": "acme", "text": description(name="Acme 2")})
    assert changed == [
        "changed vendor description acme: text",
        "vendor description acme is used by acme-az: send a test message",
    ]
    assert SENDERS["acme"].name == "Acme 2"


def test_a_file_that_is_not_applied_leaves_no_vendor():
    assert len(apply(ACME, providers=(ACCOUNT,), check_only=True)) == 3
    assert issues(ACME, providers=({**ACCOUNT, "timeout": "x"},))
    assert "acme" not in SENDERS
    assert not VendorDescription.objects.exists()


def test_a_new_process_knows_what_is_stored():
    VendorDescription.objects.create(**ACME)
    assert apply(providers=(ACCOUNT,)) == ["created provider acme-az"]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"slug": "acme"}, "vendor_descriptions[0].text: is missing"),
        ({"text": description()}, "vendor_descriptions[0].slug: is missing"),
        ({"slug": "acme", "text": "broken"}, "vendor_descriptions[0].text: "),
        ({"slug": "other", "text": description()}, "The slug is other and can't change to acme."),
        ({"slug": "sandbox", "text": description("sandbox")}, "There is another adapter sandbox."),
        ({"slug": "acme", "text": description(expected="content")}, "The example “code 7” fails"),
        ({"slug": "acme", "text": 7}, "vendor_descriptions[0].text: must be a string"),
        ({"slug": "acme", "text": description(), "file": "acme.toml"}, "vendor_descriptions[0].file: unknown key"),
    ],
)
def test_what_is_wrong_has_its_place(table, words):
    assert words in "\n".join(issues(table))
    assert not VendorDescription.objects.exists()


def test_a_vendor_twice_is_an_issue():
    assert issues(ACME, ACME) == [
        "vendor_descriptions[1].slug: vendor_descriptions[0] declares this vendor description already"
    ]
