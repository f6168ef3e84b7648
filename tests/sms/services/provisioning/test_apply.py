"""What a provisioning file does: to the letter, all or nothing, and nothing the second time."""

from __future__ import annotations

import pytest

from providers.registry import SENDERS
from sms.models import (
    ApiClient,
    BlockedNumber,
    ConfigurationStamp,
    Destination,
    MessageTemplate,
    Provider,
    ProviderState,
    Route,
    SenderApproval,
    SenderName,
    TemplateApproval,
    TemplateVersion,
)
from sms.models.client import digest
from sms.services.provisioning.apply import ProvisioningError, provision, read
from tests.support.standins import STAND_INS

pytestmark = pytest.mark.django_db

SHOP = """
[[clients]]
username = "akinon"
password = "a-long-generated-secret"
newline_escape = "always"
senders = ["AKINON"]
rate_limit = 200
daily_budget = 100000
read_messages = false
on_no_template = "hold"
otp_per_number = 3
otp_per_range = 0
slot_share = 40
country_limits = { AZ = 1000, RO = 20 }

[[providers]]
slug = "stamp-az"
vendor = "stamp"
base_url = "https://stamp.example/v2"
enabled = true
timeout = 20
max_in_flight = 16
rate_limit = 50
[providers.credentials]
user = "shop"
password = "made-up-password"

[[providers]]
slug = "backup"
vendor = "parrot"
[providers.credentials]
token = "made-up-token"
[providers.options]
pitch = "high"

[[senders]]
name = "AKINON"
[[senders.approvals]]
provider = "stamp-az"
vendor_name = "AKINON LTD"
status = "approved"

[[templates]]
name = "order-shipped"
body = "Hello {name}, order {order} is on its way."
placeholders = { order = "digits" }
[[templates.approvals]]
provider = "stamp-az"
vendor_template = "1432"
parameters = ["order", "name"]
status = "approved"

[[routes]]
prefix = "+994"
is_otp = true
client = "akinon"
providers = ["stamp-az", "backup"]
otp_ttl = 180
ttl = 3600
resend_unconfirmed_otp = true
share_moves = "automatic"
"""


@pytest.fixture(autouse=True)
def made_up_vendors(monkeypatch):
    for slug, vendor in STAND_INS.items():
        monkeypatch.setitem(SENDERS, slug, vendor)


@pytest.fixture
def longer_stamp(monkeypatch):
    monkeypatch.setattr(STAND_INS["stamp"], "max_length", 160)


@pytest.fixture
def shop(longer_stamp):
    return run(SHOP)


def run(text: str, **options):
    return provision(read(text.encode()), **options)


def mistakes(text: str) -> list[str]:
    with pytest.raises(ProvisioningError) as refused:
        run(text)
    return [str(mistake) for mistake in refused.value.issues]


def everything() -> dict[str, list[dict]]:
    """Every row that provisioning may write, time stamps included."""
    models = (
        ApiClient,
        Provider,
        SenderName,
        SenderApproval,
        MessageTemplate,
        TemplateVersion,
        TemplateApproval,
        Route,
        Route.providers.through,
        ApiClient.senders.through,
        ConfigurationStamp,
    )
    return {model.__name__: list(model._base_manager.order_by("pk").values()) for model in models}


def test_every_key_of_the_file_reaches_its_field(shop):
    client = ApiClient.objects.get(username="akinon")
    assert client.secret_digest == digest("a-long-generated-secret")
    assert (client.newline_escape, client.on_no_template) == ("always", "hold")
    assert (client.rate_limit, client.daily_budget, client.read_messages) == (200, 100000, False)
    assert (client.otp_per_number, client.otp_per_range) == (3, 0)
    assert (client.slot_share, client.country_limits) == (40, {"AZ": 1000, "RO": 20})
    assert (client.all_senders, [s.name for s in client.senders.all()]) == (False, ["AKINON"])
    provider = Provider.objects.get(slug="stamp-az")
    assert (provider.vendor, provider.base_url, provider.enabled) == ("stamp", "https://stamp.example/v2", True)
    assert (provider.timeout, provider.max_in_flight, provider.rate_limit) == (20, 16, 50)
    assert provider.credentials == {"user": "shop", "password": "made-up-password"}
    assert provider.credentials_changed_at is not None
    assert Provider.objects.get(slug="backup").options["pitch"] == "high"
    sender = SenderApproval.objects.get()
    assert (sender.sender.name, sender.provider, sender.vendor_name) == ("AKINON", provider, "AKINON LTD")
    assert sender.status == "approved"
    template = MessageTemplate.objects.get(name="order-shipped")
    assert template.body == "Hello {name}, order {order} is on its way."
    assert (template.placeholders, template.current_version.number) == ({"order": "digits"}, 1)
    approval = template.approvals.get()
    assert (approval.vendor_template, approval.parameters) == ("1432", ["order", "name"])
    assert (approval.provider, approval.status) == (provider, "approved")
    route = Route.objects.get(prefix="+994")
    assert (route.client, route.is_otp, route.otp_ttl, route.ttl) == (client, True, 180, 3600)
    assert route.resend_unconfirmed_otp is True
    assert route.share_moves == "automatic"
    assert [step.provider.slug for step in route.steps.all()] == ["stamp-az", "backup"]


def test_a_second_run_changes_no_row_and_no_time_stamp(shop):
    before = everything()
    assert run(SHOP).changes == []
    assert everything() == before


def test_what_the_file_leaves_out_takes_the_defaults_on_creation():
    run('[[providers]]\nslug = "p"\nvendor = "parrot"\ncredentials = {token = "t"}\n[[clients]]\nusername = "c"')
    provider, client = Provider.objects.get(), ApiClient.objects.get()
    assert (provider.base_url, provider.enabled, provider.timeout) == ("", True, 15)
    assert (provider.max_in_flight, provider.rate_limit) == (None, None)
    assert provider.adapter().base_url == "https://parrot.example"
    assert (client.all_senders, client.rate_limit, client.daily_budget) == (True, None, None)
    assert (client.otp_per_number, client.otp_per_range, client.newline_escape) == (5, 50, "outside_urls")
    assert (client.slot_share, client.country_limits) == (None, {})


def test_what_a_later_file_leaves_out_keeps_its_value(shop):
    run('[[clients]]\nusername = "akinon"\nrate_limit = 7\n[[providers]]\nslug = "stamp-az"\ntimeout = 3')
    client, provider = ApiClient.objects.get(), Provider.objects.get(slug="stamp-az")
    assert (client.rate_limit, client.daily_budget, client.on_no_template) == (7, 100000, "hold")
    assert (client.slot_share, client.country_limits) == (40, {"AZ": 1000, "RO": 20})
    assert client.secret_digest == digest("a-long-generated-secret")
    assert (provider.timeout, provider.max_in_flight) == (3, 16)
    assert provider.credentials == {"user": "shop", "password": "made-up-password"}


def test_one_credential_may_be_changed_without_naming_the_others(shop):
    before = Provider.objects.get(slug="stamp-az").credentials_changed_at
    done = run('[[providers]]\nslug = "stamp-az"\ncredentials = { password = "another-made-up" }')
    provider = Provider.objects.get(slug="stamp-az")
    assert provider.credentials == {"user": "shop", "password": "another-made-up"}
    assert provider.credentials_changed_at > before
    assert [str(change) for change in done.changes] == ["changed provider stamp-az: credentials"]


def test_new_credentials_close_the_breaker_and_other_changes_do_not(shop):
    ProviderState.objects.filter(provider__slug="stamp-az").update(breaker="open", breaker_failure="account")
    run('[[providers]]\nslug = "stamp-az"\ntimeout = 9')
    assert ProviderState.objects.get(provider__slug="stamp-az").breaker == "open"
    run('[[providers]]\nslug = "stamp-az"\ncredentials = { password = "another-made-up" }')
    assert ProviderState.objects.get(provider__slug="stamp-az").breaker == "closed"


def test_things_that_the_file_does_not_name_are_not_touched(shop):
    run('[[providers]]\nslug = "third"\nvendor = "parrot"\ncredentials = { token = "t" }')
    assert set(Provider.objects.values_list("slug", flat=True)) == {"stamp-az", "backup", "third"}


def test_a_list_replaces_the_list(shop):
    run(
        """
        [[senders]]
        name = "AKINON"
        [[senders.approvals]]
        provider = "backup"
        status = "pending"
        [[senders]]
        name = "OUTLET"
        [[clients]]
        username = "akinon"
        senders = ["OUTLET"]
        [[routes]]
        prefix = "+994"
        is_otp = true
        client = "akinon"
        providers = ["backup"]
        """
    )
    assert [(a.provider.slug, a.status) for a in SenderApproval.objects.all()] == [("backup", "pending")]
    assert [s.name for s in ApiClient.objects.get().senders.all()] == ["OUTLET"]
    assert [step.provider.slug for step in Route.objects.get().steps.all()] == ["backup"]


def test_an_approval_keeps_what_its_table_leaves_out(shop):
    run('[[senders]]\nname = "AKINON"\napprovals = [{ provider = "stamp-az", status = "rejected" }]')
    approval = SenderApproval.objects.get()
    assert (approval.vendor_name, approval.status) == ("AKINON LTD", "rejected")


def test_routes_are_found_by_prefix_client_and_kind_together(shop):
    run('[[routes]]\nprefix = "+994"\nproviders = ["backup"]\n[[routes]]\nprefix = "+"\nproviders = []')
    kept = Route.objects.get(prefix="+994", client__username="akinon", is_otp=True)
    assert kept.otp_ttl == 180
    both = Route.objects.get(prefix="+994", client=None, is_otp=None)
    assert (both.otp_ttl, both.ttl, both.resend_unconfirmed_otp) == (300, 86400, False)
    assert both.share_moves == "advise"
    assert not Route.objects.get(prefix="+").steps.exists()


def test_a_changed_body_is_a_new_version_and_an_equal_one_is_not(shop):
    again = '[[templates]]\nname = "order-shipped"\nbody = "Order {order} for {name} is on its way."'
    run(again)
    run(again)
    template = MessageTemplate.objects.get()
    assert [version.number for version in template.versions.order_by("number")] == [1, 2]
    assert template.current_version.number == 2


def test_a_generated_password_is_printed_once_and_authenticates(longer_stamp):
    done = run('[[clients]]\nusername = "akinon"')
    (secret,) = done.passwords.values()
    assert len(secret) >= 32
    assert ApiClient.objects.get().secret_digest == digest(secret)
    assert run('[[clients]]\nusername = "akinon"').passwords == {}


def test_check_lists_the_changes_and_makes_none(shop):
    before = everything()
    done = run(
        """
        [[clients]]
        username = "outlet"
        [[providers]]
        slug = "backup"
        timeout = 9
        credentials = { token = "fresh-made-up-token" }
        """,
        check_only=True,
    )
    assert [str(change) for change in done.changes] == [
        "changed provider backup: timeout 15 -> 9, credentials",
        "created client outlet",
    ]
    assert everything() == before


def test_a_change_is_told_once(shop):
    assert [str(change) for change in run('[[routes]]\nprefix = "+1"\nproviders = ["backup"]').changes] == [
        "created route +1"
    ]
    again = run('[[routes]]\nprefix = "+1"\nproviders = ["backup", "stamp-az"]\nttl = 60')
    assert [str(change) for change in again.changes] == [
        "changed route +1: ttl 86400 -> 60",
        "changed route +1: providers backup, stamp-az",
    ]


def test_one_mistake_undoes_the_whole_file(shop):
    before = everything()
    mistakes('[[senders]]\nname = "OUTLET"\n[[clients]]\nusername = "akinon"\nrate_limit = "many"')
    assert everything() == before


NAMED = """
[[providers]]
slug = "label-vn"
vendor = "label"
credentials = { user = "u", password = "p" }
[[templates]]
name = "order"
body = "Order {code} for {name}"
[[templates.approvals]]
provider = "label-vn"
vendor_template = "ORDER01"
parameters = ["code", { name = "customer_name" }]
status = "approved"
"""


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ('["code", { name = "customer_name" }]', ["code", {"name": "customer_name"}]),
        ('[{ code = "code" }, { name = "n" }]', ["code", {"name": "n"}]),
        ('{ code = "order_code", name = "customer_name" }', [{"code": "order_code"}, {"name": "customer_name"}]),
        ('{ name = "customer_name", code = "code" }', [{"name": "customer_name"}, "code"]),
        ('{ name = "name", code = "ma" }', ["name", {"code": "ma"}]),
    ],
)
def test_parameters_may_be_a_list_pairs_or_a_table(written, stored):
    run(NAMED.replace('["code", { name = "customer_name" }]', written))
    assert TemplateApproval.objects.get().parameters == stored


@pytest.mark.parametrize(
    "written", ['{ code = "a" }', '{ code = "a", other = "b" }', "{ code = 1, name = 'n' }", '"code"', "1"]
)
def test_a_table_that_fits_no_placeholders_is_a_mistake(written):
    with pytest.raises(ProvisioningError, match=r"templates\[0\]\.approvals\[0\]\.parameters"):
        run(NAMED.replace('["code", { name = "customer_name" }]', written))


def test_an_approval_may_wait_for_the_vendors_id():
    run(
        """
        [[providers]]
        slug = "stamp-az"
        vendor = "stamp"
        credentials = { user = "u", password = "p" }
        [[templates]]
        name = "code"
        body = "Code {code}"
        approvals = [{ provider = "stamp-az", status = "pending" }]
        """
    )
    assert TemplateApproval.objects.get().status == "pending"


def test_a_number_is_blocked_once(shop):
    text = '[[blocked_numbers]]\nphone = "+994501112233"'
    assert [str(change) for change in run(text).changes] == ["created blocked number +994•••••••33"]
    assert run(text).changes == []
    assert BlockedNumber.objects.get().phone == "+994501112233"


DESTINATION = """
[[destinations]]
country = "RO"
mode = "monitor"
number_types = ["mobile", "fixed_line_or_mobile"]
daily_limit = 50000
"""


def test_a_destination_is_declared_and_keeps_what_a_later_file_leaves_out():
    assert [str(change) for change in run(DESTINATION).changes] == ["created destination RO"]
    assert run(DESTINATION).changes == []
    assert [str(change) for change in run('[[destinations]]\ncountry = "RO"\nmode = "block"').changes] == [
        "changed destination RO: mode monitor -> block"
    ]
    row = Destination.objects.get()
    assert (row.mode, row.number_types, row.daily_limit) == ("block", ["mobile", "fixed_line_or_mobile"], 50000)


def test_a_new_destination_is_allowed_with_all_but_the_costly_types():
    run('[[destinations]]\ncountry = "RO"')
    row = Destination.objects.get()
    assert (row.mode, row.number_types, row.daily_limit) == ("allow", None, None)
