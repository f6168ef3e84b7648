"""The provisioning file's tables for received SMS: partners, rented numbers, inbound gateways."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from providers.registry import FORWARDERS
from sms.models import InboundGateway, Partner, RentedNumber
from sms.services.provisioning.apply import ProvisioningError, provision, read
from tests.support.standins import Pigeon

pytestmark = pytest.mark.django_db

PARTNER = """
[[partners]]
slug = "renter"
vendor = "pigeon"
url = "https://renter.example/v1/push"
[partners.credentials]
key = "made-up-key"
[partners.options]
max_tries = 5
"""
NUMBER = """
[[rented_numbers]]
phone = "+994501112233"
operation_id = 355
partner = "renter"
active = true
from = 2026-01-01T00:00:00Z
until = 2026-02-01T00:00:00+04:00
"""
GATEWAY = """
[[inbound_gateways]]
slug = "modem-1"
fields = { from = "sender", to = "receiver", text = "message" }
repeat_seconds = 20
"""


@pytest.fixture(autouse=True)
def made_up_partner(monkeypatch):
    monkeypatch.setitem(FORWARDERS, "pigeon", Pigeon)


def run(text: str, **options):
    return provision(read(text.encode()), **options)


def mistakes(text: str) -> list[str]:
    with pytest.raises(ProvisioningError) as refused:
        run(text)
    return [str(mistake) for mistake in refused.value.issues]


def test_every_key_reaches_its_field():
    run(PARTNER + NUMBER + GATEWAY)
    partner = Partner.objects.get()
    assert (partner.slug, partner.vendor, partner.url) == ("renter", "pigeon", "https://renter.example/v1/push")
    assert partner.credentials == {"key": "made-up-key"}
    assert partner.options["max_tries"] == 5
    number = RentedNumber.objects.get()
    assert (number.phone, number.operation_id, number.partner, number.active) == ("+994501112233", 355, partner, True)
    assert number.valid_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert number.valid_until == datetime(2026, 1, 31, 20, tzinfo=UTC)
    gateway = InboundGateway.objects.get()
    assert gateway.fields == {"from": "sender", "to": "receiver", "text": "message"}
    assert gateway.repeat_seconds == 20


def test_a_second_run_changes_nothing():
    run(PARTNER + NUMBER + GATEWAY)
    before = list(Partner.objects.values()), list(RentedNumber.objects.values()), list(InboundGateway.objects.values())
    assert run(PARTNER + NUMBER + GATEWAY).changes == []
    after = list(Partner.objects.values()), list(RentedNumber.objects.values()), list(InboundGateway.objects.values())
    assert after == before


def test_a_number_may_change_its_operation_alone():
    run(PARTNER + NUMBER)
    done = run('[[rented_numbers]]\nphone = "+994501112233"\noperation_id = 356')
    assert [str(change) for change in done.changes] == ["changed rented number +994501112233: operation_id 355 -> 356"]
    assert RentedNumber.objects.get().partner.slug == "renter"


CASES = {
    "no address": (PARTNER.replace("url =", "# url ="), "partners[0].url: is missing"),
    "a wrong address": (PARTNER.replace("https://", "gopher://"), "partners[0].url: "),
    "no key": (PARTNER.replace("key =", "# key ="), "partners[0].credentials.key: is missing"),
    "an unknown option": (PARTNER + "speed = 1", "partners[0].options.speed: unknown key"),
    "an unknown kind of partner": (PARTNER.replace('"pigeon"', '"owl"'), "partners[0].vendor: 'owl' is not one of "),
    "a number that is none": (PARTNER + NUMBER.replace("+994501112233", "12"), "rented_numbers[0].phone: "),
    "an unknown partner": (NUMBER, "rented_numbers[0].partner: there is no partner 'renter'"),
    "no partner": (PARTNER + NUMBER.replace("partner =", "# partner ="), "rented_numbers[0].partner: is missing"),
    "no operation": (PARTNER + NUMBER.replace("operation_id", "# "), "rented_numbers[0].operation_id: is missing"),
    "operation 0": (PARTNER + NUMBER.replace("355", "0"), "rented_numbers[0].operation_id: 0 is too small"),
    "a local time": (PARTNER + NUMBER.replace("00Z", "00"), "rented_numbers[0].from: has no UTC offset"),
    "an end before the beginning": (
        PARTNER + NUMBER.replace("2026-02-01", "2025-02-01"),
        "rented_numbers[0]: It ends before it begins.",
    ),
    "an unknown field": (GATEWAY.replace("text =", "body ="), "inbound_gateways[0].fields: Unknown: body."),
    "a time that is no time": (GATEWAY.replace("20", "-1"), "inbound_gateways[0].repeat_seconds: "),
    "a time that is too long": (GATEWAY.replace("20", "3601"), "inbound_gateways[0].repeat_seconds: "),
    "a time in words": (GATEWAY.replace("20", '"20"'), "inbound_gateways[0].repeat_seconds: "),
    "a field that is no name": (GATEWAY.replace('"sender"', "7"), "inbound_gateways[0].fields: Write a table"),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_a_mistake_is_a_line_with_its_place(text, expected):
    (line,) = mistakes(text)
    assert expected in line


def test_two_numbers_can_not_share_an_operation():
    other = NUMBER.replace("+994501112233", "+994501112234")
    (line,) = mistakes(PARTNER + NUMBER + other)
    assert line.startswith("rented_numbers[1]: ")


def rented(*operations: int | None, partner: str = "renter") -> str:
    """A number for each operation, in this order; None leaves the number's operation out."""
    tables = []
    for last, operation in enumerate(operations):
        table = f'[[rented_numbers]]\nphone = "+99450111223{last}"\npartner = "{partner}"\n'
        tables.append(table + (f"operation_id = {operation}\n" if operation else ""))
    return "".join(tables)


def operations() -> list[int]:
    return list(RentedNumber.objects.order_by("phone").values_list("operation_id", flat=True))


@pytest.mark.parametrize(
    ("before", "after"),
    [((1, 2), (2, 1)), ((1, 2, 3), (2, 3, 1)), ((1, 2, 3), (3, 1, 2)), ((1, 2, 3), (3, 2, 1)), ((1, 2), (2, 3))],
)
def test_numbers_may_change_places_in_one_file(before, after):
    run(PARTNER + rented(*before))
    first = run(rented(*after), check_only=True)
    assert operations() == list(before)
    done = run(rented(*after))
    assert operations() == list(after)
    changes = [
        f"changed rented number +99450111223{last}: operation_id {old} -> {new}"
        for last, (old, new) in enumerate(zip(before, after, strict=True))
        if old != new
    ]
    assert [str(change) for change in done.changes] == [str(change) for change in first.changes] == changes
    assert run(rented(*after)).changes == []
    for number, old, new in zip(RentedNumber.objects.order_by("phone"), before, after, strict=True):
        assert {row.operation_id for row in number.history.all()} == {old, new}


def test_a_number_may_take_the_operation_of_one_that_moves_to_another_partner():
    other = PARTNER.replace('"renter"', '"other"')
    run(PARTNER + other + rented(1, 2))
    moved = '[[rented_numbers]]\nphone = "+994501112231"\npartner = "other"'
    run('[[rented_numbers]]\nphone = "+994501112230"\noperation_id = 2\n' + moved)
    assert operations() == [2, 2]


@pytest.mark.parametrize(
    ("after", "place"), [((2,), 0), ((2, 2), 1), ((2, None), 1), ((2, None, None), 1), ((3, 1, None), 2)]
)
def test_an_operation_that_its_number_keeps_is_not_taken(after, place):
    run(PARTNER + rented(1, 2, 3))
    (line,) = mistakes(rented(*after))
    assert line == f"rented_numbers[{place}]: Rented number with this Partner and Operation already exists."
    assert operations() == [1, 2, 3]


@pytest.mark.parametrize("line", ['networks = ["everywhere"]', "networks = [7]", "calls_per_minute = 0"])
def test_a_gateways_networks_and_limit_are_checked(line):
    with pytest.raises(ProvisioningError):
        provision(read(f'[[inbound_gateways]]\nslug = "modem-1"\n{line}\n'.encode()))


def test_a_gateways_networks_and_limit_are_declared():
    file = b'[[inbound_gateways]]\nslug = "modem-1"\nnetworks = ["203.0.113.8/29"]\ncalls_per_minute = 30\n'
    provision(read(file))
    gateway = InboundGateway.objects.get()
    assert (gateway.networks, gateway.calls_per_minute) == (["203.0.113.8/29"], 30)
    assert provision(read(file)).changes == []
