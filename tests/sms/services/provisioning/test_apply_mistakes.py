"""Each mistake in a provisioning file is a line of its own that says where it is."""

from __future__ import annotations

import pytest

from providers.registry import SENDERS
from sms.models import ApiClient, Provider, TemplateApproval
from sms.services.provisioning.apply import ProvisioningError, provision, read
from tests.support.standins import STAND_INS

pytestmark = pytest.mark.django_db

PROVIDER = '[[providers]]\nslug = "p"\nvendor = "stamp"\ncredentials = { user = "u", password = "secret-made-up" }\n'
TEMPLATE = PROVIDER + '[[templates]]\nname = "t"\nbody = "{body}"\n[[templates.approvals]]\nprovider = "p"\n'


@pytest.fixture(autouse=True)
def made_up_vendors(monkeypatch):
    for slug, vendor in STAND_INS.items():
        monkeypatch.setitem(SENDERS, slug, vendor)


def mistakes(text: str) -> list[str]:
    with pytest.raises(ProvisioningError) as refused:
        provision(read(text.encode()))
    return [str(mistake) for mistake in refused.value.issues]


def template(body: str, approval: str) -> str:
    return TEMPLATE.replace("{body}", body) + approval


CASES = {
    "a shown sender without a use": (
        PROVIDER + 'shown_sender = "AKINON"',
        ["providers[0].shown_sender: has no effect: Stamp shows the sender name that each message names; leave it out"],
    ),
    "an unknown table": ("[[client]]", ["client: unknown table; known are "]),
    "a table where an array is due": ('[clients]\nusername = "a"', ["clients: must be an array of tables; write [["]),
    "something else in the array": ("clients = [1]", ["clients[0]: must be a table, not the number 1"]),
    "an unknown key": ('[[senders]]\nname = "A"\ncolour = 1', ["senders[0].colour: unknown key; known are approvals,"]),
    "a misspelled key": (PROVIDER + "timeot = 9", ["providers[0].timeot: unknown key; did you mean timeout?"]),
    "a key almost right": ('[[routes]]\nprefix = "+1"\nproviders = []\nis_opt = true', ["did you mean is_otp?"]),
    "a missing name": ("[[clients]]\nrate_limit = 1", ["clients[0].username: is missing"]),
    "an empty name": ('[[senders]]\nname = " "', ["senders[0].name: must not be empty"]),
    "a control character": ('[[senders]]\nname = "A\\u0000B"', ["senders[0].name: contains a control character"]),
    "a bidi control": ('[[senders]]\nname = "A\\u202eB"', ["senders[0].name: holds "]),
    "a name with a colon": ('[[clients]]\nusername = "a:b"', ["clients[0].username: Visible ASCII characters"]),
    "a name too long": (f'[[senders]]\nname = "{"x" * 65}"', ["senders[0].name: has 65 characters; the maximum is 64"]),
    "text for a number": ('[[clients]]\nusername = "a"\nrate_limit = "9"', ["must be a whole number, not a string"]),
    "true for a number": ('[[clients]]\nusername = "a"\nrate_limit = true', ["must be a whole number, not true"]),
    "a number past the column": ('[[clients]]\nusername = "a"\nrate_limit = 9999999999', ["9999999999 is not between"]),
    "a number for a switch": ('[[clients]]\nusername = "a"\nread_messages = 1', ["must be true or false, not the"]),
    "no rate at all": ('[[clients]]\nusername = "a"\nrate_limit = 0', ["clients[0].rate_limit: 0 is too small; the"]),
    "a word that is no choice": (
        '[[clients]]\nusername = "a"\non_no_template = "x"',
        ["'x' is not one of refuse, hold"],
    ),
    "an unknown sender": ('[[clients]]\nusername = "a"\nsenders = ["NO"]', ["senders[0]: there is no sender"]),
    "a sender twice in a list": (
        '[[senders]]\nname = "A"\n[[clients]]\nusername = "a"\nsenders = ["A", "A"]',
        ["clients[0].senders[1]: 'A' occurs twice in the list"],
    ),
    "a client twice": (
        '[[clients]]\nusername = "a"\n[[clients]]\nusername = "a"',
        ["clients[1].username: clients[0] declares this client already"],
    ),
    "a route twice": (
        '[[routes]]\nprefix = "+1"\nproviders = []\n[[routes]]\nprefix = "+1"\nproviders = []',
        ["routes[1].prefix: routes[0] declares this route already"],
    ),
    "an approval twice": (
        PROVIDER + '[[senders]]\nname = "A"\napprovals = [{ provider = "p" }, { provider = "p" }]',
        ["senders[0].approvals[1].provider: senders[0].approvals[0] declares this approval already"],
    ),
    "no vendor": ('[[providers]]\nslug = "p"', ["providers[0].vendor: is missing; known are "]),
    "an unknown vendor": ('[[providers]]\nslug = "p"\nvendor = "x"', ["providers[0].vendor: 'x' is not one of "]),
    "a vendor without an adapter": (
        '[[providers]]\nslug = "p"\nvendor = "x"',
        [". There is no adapter x. Install the"],
    ),
    "a slow time-out": (
        '[[providers]]\nslug = "p"\nvendor = "parrot"\ntimeout = 500\ncredentials = { token = "t" }',
        ["providers[0].timeout: 500 is too large; the maximum is 120"],
    ),
    "an address with a query": (
        '[[providers]]\nslug = "p"\nvendor = "parrot"\nbase_url = "https://x.example/?"\ncredentials = { token = "t" }',
        ["providers[0].base_url: The address may not hold a query"],
    ),
    "an address that is none": (
        '[[providers]]\nslug = "p"\nvendor = "parrot"\nbase_url = "ftp://x.example"\ncredentials = { token = "t" }',
        ["providers[0].base_url: "],
    ),
    "missing credentials": (
        '[[providers]]\nslug = "p"\nvendor = "stamp"',
        ["providers[0].credentials.user: is missing", "providers[0].credentials.password: is missing"],
    ),
    "an unknown credential": (
        '[[providers]]\nslug = "p"\nvendor = "parrot"\ncredentials = { token = "t", key = "k" }',
        ["providers[0].credentials.key: unknown key"],
    ),
    "a credential that is no text": (
        '[[providers]]\nslug = "p"\nvendor = "parrot"\ncredentials = { token = 5 }',
        ["providers[0].credentials.token: "],
    ),
    "an unknown option": (PROVIDER + '[providers.options]\nx = "y"', ["providers[0].options.x: unknown key"]),
    "an option's wrong value": (
        '[[providers]]\nslug = "p"\nvendor = "parrot"\ncredentials = { token = "t" }\noptions = { pitch = "odd" }',
        ["providers[0].options.pitch: "],
    ),
    "an unknown provider on a route": (
        '[[routes]]\nprefix = "+1"\nproviders = ["x"]',
        ["routes[0].providers[0]: there is no provider 'x', neither in this file nor in the database"],
    ),
    "a route without providers": ('[[routes]]\nprefix = "+1"', ["routes[0].providers: is missing"]),
    "a prefix without its plus": ('[[routes]]\nprefix = "1"\nproviders = []', ["routes[0].prefix: A plus sign and"]),
    "a route of an unknown client": (
        '[[routes]]\nprefix = "+1"\nproviders = []\nclient = "x"',
        ["routes[0].client: there is no client 'x'"],
    ),
    "a template without its body": ('[[templates]]\nname = "t"', ["templates[0].body: is missing"]),
    "a brace left open": ('[[templates]]\nname = "t"\nbody = "Hi {name"', ["templates[0].body: Character 4"]),
    "placeholders side by side": ('[[templates]]\nname = "t"\nbody = "{a}{b}"', ["templates[0].body: "]),
    "a placeholder twice": ('[[templates]]\nname = "t"\nbody = "{a} {a}"', ["templates[0].body: "]),
    "an unknown kind": (
        '[[templates]]\nname = "t"\nbody = "{a}"\nplaceholders = { a = "odd" }',
        ["templates[0].placeholders: a: there is no kind"],
    ),
    "a kind for no placeholder": (
        '[[templates]]\nname = "t"\nbody = "{a}"\nplaceholders = { b = "digits" }',
        ["templates[0].placeholders: The body has no placeholder"],
    ),
    "too many parameters for the vendor": (
        template("{a} {b} {c}", 'vendor_template = "1"'),
        ["templates[0].approvals[0].parameters: The template has 3 placeholders; this vendor accepts at most 2."],
    ),
    "a text too long for the vendor": (
        template("x" * 41, 'vendor_template = "1"'),
        ["templates[0].approvals[0].parameters: Even its shortest text has 41 characters"],
    ),
    "an id that the vendor can't have": (
        template("Hi", 'vendor_template = "ABC"'),
        ["templates[0].approvals[0].vendor_template: Stamp's template is a whole number."],
    ),
    "approved without the vendor's id": (
        template("Hi", 'status = "approved"'),
        ["templates[0].approvals[0].vendor_template: Stamp's template is a whole number."],
    ),
    "a parameter that the body lacks": (
        template("Hi {a}", 'vendor_template = "1"\nparameters = ["b"]'),
        ["templates[0].approvals[0].parameters: "],
    ),
    "a vendor's name where only order counts": (
        template("Hi {a}", 'vendor_template = "1"\nparameters = [{ a = "theirs" }]'),
        ["templates[0].approvals[0].parameters: Stamp identifies parameters by order only"],
    ),
    "a blocked number that is none": (
        '[[blocked_numbers]]\nphone = "0501112233"',
        ["blocked_numbers[0].phone: A phone"],
    ),
    "a blocked number twice": (
        '[[blocked_numbers]]\nphone = "+994501112233"\n[[blocked_numbers]]\nphone = "+994501112233"',
        ["blocked_numbers[1].phone: blocked_numbers[0] declares this blocked number already"],
    ),
    "a destination twice": (
        '[[destinations]]\ncountry = "RO"\n[[destinations]]\ncountry = "RO"',
        ["destinations[1].country: destinations[0] declares this destination already"],
    ),
    "no country": ('[[destinations]]\nmode = "allow"', ["destinations[0].country: is missing"]),
    "a country that is none": ('[[destinations]]\ncountry = "ZZ"', ["destinations[0].country: ZZ is no country"]),
    "a country in small letters": ('[[destinations]]\ncountry = "ro"', ["destinations[0].country: ro is no country"]),
    "a country by its name": ('[[destinations]]\ncountry = "Romania"', ["destinations[0].country: "]),
    "a mode that is none": ('[[destinations]]\ncountry = "RO"\nmode = "open"', ["'open' is not one of allow, monitor"]),
    "a number type that is none": (
        '[[destinations]]\ncountry = "RO"\nnumber_types = ["mobil"]',
        ["destinations[0].number_types[0]: 'mobil' is not one of fixed_line, mobile"],
    ),
    "no number type": (
        '[[destinations]]\ncountry = "RO"\nnumber_types = []',
        ["destinations[0].number_types: must not be empty"],
    ),
    "a sender name that looks like another one": (
        '[[senders]]\nname = "AKINON"\n[[senders]]\nname = "AK1NON"',
        ["senders[1].name: AK1NON looks like AKINON, which exists: 1 is DIGIT ONE"],
    ),
    "a sender name of two scripts": (
        '[[senders]]\nname = "\u0410KINON"',
        ["senders[0].name: \u0410KINON mixes letters of Cyrillic (\u0410), Latin (KINON)"],
    ),
    "a share of no slot": ('[[clients]]\nusername = "a"\nslot_share = 0', ["clients[0].slot_share: 0 is too small"]),
    "a share of more than all": (
        '[[clients]]\nusername = "a"\nslot_share = 101',
        ["clients[0].slot_share: "],
    ),
    "a limit for a country that is none": (
        '[[clients]]\nusername = "a"\ncountry_limits = { ZZ = 5 }',
        ["clients[0].country_limits: ZZ is no country"],
    ),
    "a limit of 0 for a country": (
        '[[clients]]\nusername = "a"\ncountry_limits = { RO = 0 }',
        ["clients[0].country_limits: RO: 0 is no number of messages from 1 to"],
    ),
    "a limit for a country that is no number": (
        '[[clients]]\nusername = "a"\ncountry_limits = { RO = "5" }',
        ["clients[0].country_limits.RO: "],
    ),
    "limits that name no country": (
        '[[clients]]\nusername = "a"\ncountry_limits = 5',
        ["clients[0].country_limits: "],
    ),
    "an objective twice": (
        "[[objectives]]\nsuccess_percent = 90\n[[objectives]]\nsuccess_percent = 91",
        ["objectives[1].provider: objectives[0] declares this objective already"],
    ),
    "an objective that sets nothing": ("[[objectives]]", ["objectives[0]: This objective sets nothing"]),
    "an objective of a provider that is not there": (
        '[[objectives]]\nprovider = "gone"\nsuccess_percent = 90',
        ["objectives[0].provider: there is no provider 'gone'"],
    ),
    "an objective of no country": (
        '[[objectives]]\ncountry = "ZZ"\nsuccess_percent = 90',
        ["objectives[0].country: ZZ is no country"],
    ),
    "an objective of everything": (
        "[[objectives]]\nsuccess_percent = 100",
        ["objectives[0].success_percent: 100.0 is too large; the maximum is 99.99"],
    ),
    "an objective that is no number": (
        "[[objectives]]\nsuccess_percent = nan",
        ["objectives[0].success_percent: must be a number, not nan"],
    ),
    "an objective as a string": (
        '[[objectives]]\nsuccess_percent = "99"',
        ["objectives[0].success_percent: must be a number, not a string"],
    ),
    "an objective of a time that sums are not kept for": (
        "[[objectives]]\nreceipt_seconds = 601",
        ["objectives[0].receipt_seconds: 601 is too large; the maximum is 600"],
    ),
    "share moves that are none": (
        '[[routes]]\nprefix = "+994"\nproviders = []\nshare_moves = "on"',
        ["routes[0].share_moves: 'on' is not one of off, advise, automatic"],
    ),
    "a daily limit of 0": (
        '[[destinations]]\ncountry = "RO"\ndaily_limit = 0',
        ["destinations[0].daily_limit: 0 is too small"],
    ),
    "a parameter that is no name": (
        template("Hi {a}", 'vendor_template = "1"\nparameters = [7]'),
        ["templates[0].approvals[0].parameters[0]: must be a placeholder's name, or one pair"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_a_mistake_is_a_line_with_its_place(text, expected):
    found = mistakes(text)
    assert len(found) == len(expected), found
    for line, words in zip(found, expected, strict=True):
        assert words in line


def test_every_mistake_of_a_file_is_reported_in_the_files_order():
    found = mistakes(
        """
        [[clients]]
        username = "a"
        rate_limit = "x"
        newline = "always"
        [[providers]]
        slug = "p"
        vendor = "parrot"
        timeout = 0
        [[routes]]
        prefix = "+1"
        providers = ["p", "q"]
        """
    )
    assert [line.partition(":")[0] for line in found] == [
        "clients[0].rate_limit",
        "clients[0].newline",
        "providers[0].credentials.token",
        "providers[0].timeout",
        "routes[0].providers[1]",
    ]


def test_what_is_no_toml_is_one_line():
    with pytest.raises(ProvisioningError, match=r"^file: this is not valid TOML: .*line 2") as refused:
        read(b"[[clients]]\nusername\n")
    assert len(refused.value.issues) == 1


def test_bytes_that_are_no_utf_8_are_one_line():
    with pytest.raises(ProvisioningError, match="not UTF-8"):
        read(b'a = "\xff"')


def test_a_secret_never_stands_in_a_mistake():
    found = mistakes(PROVIDER.replace("[[providers]]", '[[providers]]\nbase_url = "nonsense"') + "timeout = 5")
    assert found
    assert "secret-made-up" not in "\n".join(found)


def test_a_provider_keeps_its_vendor():
    provision(read(PROVIDER.encode()))
    assert mistakes('[[providers]]\nslug = "p"\nvendor = "parrot"') == [
        "providers[0].vendor: is stamp and can't change; declare the new account under another slug"
    ]


def test_a_new_body_leaves_the_approvals_that_are_stored():
    """Even one that the vendor could never carry: the vendor goes on sending the text that it has."""
    provision(read(template("Hi {a}", 'vendor_template = "1"\nstatus = "approved"').encode()))
    provision(read(b'[[templates]]\nname = "t"\nbody = "Hi {a} {b} {c}"'))
    assert TemplateApproval.objects.get().version.body == "Hi {a}"


def test_a_reference_to_something_broken_in_the_same_file_is_no_second_mistake():
    found = mistakes('[[clients]]\nusername = "a"\nrate_limit = 0\n[[routes]]\nprefix="+1"\nclient="a"\nproviders=[]')
    assert [line.partition(":")[0] for line in found] == ["clients[0].rate_limit"]


def test_nothing_of_a_file_with_a_mistake_is_stored():
    mistakes(PROVIDER + '[[clients]]\nusername = "a"\n[[clients]]\nusername = "b"\nrate_limit = 0')
    assert (Provider.objects.count(), ApiClient.objects.count()) == (0, 0)
