"""Every problem of a description is said, with its place: one at a time, and several at once."""

from __future__ import annotations

from contextlib import suppress

import pytest

from providers.contract import first_problem
from providers.described import DescriptionError, Problem, load

from .descriptions import NAMES, text

PLUS, BUDGET, TELNYX, VOIPIT = (
    text(name) for name in ("plus_described", "budget_described", "telnyx_described", "voipit_described")
)


POLL = '[poll]\npath = "/state"\nafter = [60]\nstate = "s"\nid = "i"\n\n'


def problems(description: str) -> tuple[Problem, ...]:
    with pytest.raises(DescriptionError) as refused:
        load(description)
    return refused.value.problems


def changed(description: str, old: str, new: str, count: int = 1) -> str:
    assert old in description, old
    return description.replace(old, new, count)


def only(description: str, section: str) -> str:
    """The description without one of its sections."""
    lines, kept = description.splitlines(), True
    left = []
    for line in lines:
        if line.startswith("["):
            kept = line.strip("[]").split(".")[0] != section
        left += [line] * kept
    return "\n".join(left)


NOT_READABLE = {
    "empty quotes": ('"', "This is no TOML: "),
    "a key that comes twice": ("a = 1\na = 2", "This is no TOML: "),
    "lists without end": ("a = " + "[" * 60_000, "This is no TOML: "),
    "tables without end": ("a = " + "{a=" * 20_000, "This is no TOML: "),
    "a number of 5000 digits": ("a = " + "1" * 5000, "This is no TOML: "),
    "a single surrogate": ("a = '\ud800'", "This is no TOML: "),
    "a NUL": ("\x00", "This is no TOML: "),
    "64 KiB and one": ("#" * (64 * 1024 + 1), "The description has over 64 KiB. Shorten it."),
    "over 64 KiB in bytes": ("# " + "ə" * 32 * 1024, "The description has over 64 KiB. Shorten it."),
}


@pytest.mark.parametrize("case", NOT_READABLE)
def test_what_can_not_be_read_is_one_problem(case: str) -> None:
    description, said = NOT_READABLE[case]
    [problem] = problems(description)
    assert problem.place == ""
    assert problem.text.startswith(said)


CASES: dict[str, tuple[str, str, str]] = {
    "an unknown section": (PLUS + "\n[extra]\na = 1", "extra", "There is no such section."),
    "an unknown key": (changed(PLUS, "max_length", "max_size"), "vendor.max_size", "There is no such key here."),
    "a missing key": (changed(PLUS, 'carries = "template"\n', ""), "vendor.carries", "This key is missing. Add it."),
    "a text where a number belongs": (
        changed(PLUS, "max_length = 160", 'max_length = "160"'),
        "vendor.max_length",
        "'160' has another type than this key. Write a whole number.",
    ),
    "a number where a flag belongs": (changed(PLUS, "secret = true", "secret = 1"), "credentials[0].secret", "true or"),
    "a number where a value belongs": (
        changed(PLUS, 'value = "{sender}"', "value = 1"),
        "request.body[0].value",
        "1 has another type",
    ),
    "a word that is none": (
        changed(PLUS, 'class = "balance"', 'class = "money"'),
        "answer.codes[18].class",
        "'money' is none of the possible values. Write one of: 'recipient', 'content', 'config'",
    ),
    "a slug": (changed(PLUS, 'slug = "plus_described"', 'slug = "Plus-1"'), "vendor.slug", "'Plus-1' is no key"),
    "an address over http": (
        changed(PLUS, '"https://smsplus.az"', '"http://smsplus.az"'),
        "vendor.base_url",
        "The address must start with https://",
    ),
    "an address with a query": (
        changed(PLUS, '"https://smsplus.az"', '"https://smsplus.az?a=1"'),
        "vendor.base_url",
        "query",
    ),
    "an address inside": (changed(PLUS, '"https://smsplus.az"', '"https://10.0.0.1"'), "vendor.base_url", "10.0.0.1"),
    "a path without a slash": (changed(PLUS, '"/api/sms', '"api/sms'), "request.path", "A path begins with a slash."),
    "a path that begins with a value": (changed(PLUS, '"/api/sms', '"{to}/api/sms'), "request.path", "begins with a"),
    "a path with a query": (changed(PLUS, '"/api/sms/send', '"/api/sms?a=1'), "request.path", "Write parameters as"),
    "an empty step": (
        changed(PLUS, 'path = "success"', 'path = "a..b"'),
        "answer.accepted_when[0].path",
        "'a..b' is no",
    ),
    "a path of 11 steps": (changed(PLUS, 'code = "code"', f'code = "{"a." * 10}b"'), "answer.code", "is no path"),
    "an open brace": (changed(PLUS, '"{sender}"', '"{sender"'), "request.body[0].value", "'{sender' can't be read."),
    "an attribute": (
        changed(PLUS, '"{sender}"', '"{sender!r}"'),
        "request.body[0].value",
        "'{sender!r}' can't be read.",
    ),
    "an empty placeholder": (changed(PLUS, '"{sender}"', '"{}"'), "request.body[0].value", "'{}' can't be read."),
    "a placeholder that does not exist": (
        changed(PLUS, '"{sender}"', '"{sender}{sendr}"'),
        "request.body[0].value",
        "There is no value 'sendr' here.",
    ),
    "an attribute of a placeholder": (
        changed(PLUS, '"{sender}"', '"{sender}{sender.__class__}"'),
        "request.body[0].value",
        "There is no value 'sender.__class__' here.",
    ),
    "a credential that is not declared": (
        changed(PLUS, '"application/json" }]', '"{credential.tokn}" }]'),
        "request.headers[0].value",
        "There is no value 'credential.tokn' here.",
    ),
    "a log-in with a credential that is not declared": (
        changed(PLUS, '\ntoken = "token"', '\ntoken = "tokn"'),
        "auth.token",
        "There is no value 'tokn' here.",
    ),
    "a word table that is not there": (changed(VOIPIT, "words.slash}", "words.slsh}"), "request.path", "'words.slsh'"),
    "a word table of nothing": (
        changed(VOIPIT, 'from = "option.trailing_slash"', 'from = "option.slash"'),
        "request.path",
        "There is no value 'words.slash' here.",
    ),
    "the message in a poll": (changed(BUDGET, '"{vendor_id}"', '"{text}"'), "poll.query[3].value", "'text' here"),
    "a field without a value": (
        changed(PLUS, ', value = "{sender}"', ""),
        "request.body[0]",
        "either `value` or `each`",
    ),
    "a star without each": (changed(PLUS, '"sender_name"', '"sender_*"'), "request.body[0]", "exactly where `each`"),
    "two fields in one place": (
        changed(PLUS, '"first_parameters.0"', '"mobile_numbers.0"'),
        "request.body",
        "Two fields have the place mobile_numbers.0.",
    ),
    "a field inside a text": (
        changed(PLUS, '"first_parameters.0"', '"sender_name.a"'),
        "request.body",
        "Two fields have",
    ),
    "XML with two outer elements": (changed(PLUS, 'format = "json"', 'format = "xml"'), "request.body", "one outer"),
    "a body of a GET call": (
        changed(PLUS, "[request]\n", '[request]\nmethod = "GET"\n'),
        "request",
        "A GET call has no",
    ),
    "the header Host": (changed(PLUS, '"Accept", value', '"Host", value'), "request", "'Host' can't be a header here."),
    "a header with a line end": (changed(PLUS, '"Accept", value', '"A\\r\\nB", value'), "request", "can't be a header"),
    "basic without a password": (
        changed(PLUS, 'kind = "bearer"', 'kind = "basic"'),
        "auth",
        "Auth of the kind basic has the keys password, username.",
    ),
    "a header that is ours": (
        changed(PLUS, 'kind = "bearer"', 'kind = "header"\nname = "Content-Length"'),
        "auth",
        "'Content-Length' can't be a header here.",
    ),
    "a signature in the body of a GET call": (
        BUDGET + '\n[auth]\nkind = "signature"\nname = "sig"\nplace = "body"\nalgorithm = "md5"\n'
        'text = "{sorted}{credential.handle}"',
        "auth.place",
        "A call by GET, or in XML, has no place for it",
    ),
    "no example of a balance": (
        changed(BUDGET, 'of = "balance"', "", 2),
        "examples",
        "There is no example of a request and of an answer with of = 'balance'.",
    ),
    "no states at all": (
        changed(VOIPIT, "[test]", POLL + "[test]").replace("[receipts]", "[receiptz]"),
        "poll.states",
        "no table",
    ),
    "a condition that asks nothing": (
        changed(PLUS, '{ path = "success", is = false }', '{ path = "success" }'),
        "answer.refused_when[0]",
        "A condition has `status`, or `path`",
    ),
    "a condition on an impossible status": (
        changed(TELNYX, 'status = ["200"]', 'status = ["2x"]'),
        "answer.accepted_when[0].status[0]",
        "'2x' is no HTTP status",
    ),
    "a refusal by status alone": (
        changed(PLUS, '[{ path = "success", is = false }]', '[{ status = ["2xx"] }]'),
        "answer.refused_when",
        "A refusal needs a mark in the answer.",
    ),
    "a code for everything": (changed(PLUS, 'code = "101"', 'code = "*"'), "answer.codes[0].code", "'*' is no code"),
    "a code that comes twice": (changed(PLUS, 'code = "101"', 'code = "102"'), "answer.codes", "'102' is there twice."),
    "a doubt about a sender that no call has": (
        changed(VOIPIT, 'text = "The text is too long." }', 'text = "x", doubts = "sender" }'),
        "answer.codes[9].doubts",
        "Only a code of the class config",
    ),
    "no secret": (changed(PLUS, "secret = true\n", ""), "credentials", "No credential is secret."),
    "a default that is no choice": (
        changed(PLUS, 'default = "digits"', 'default = "roman"'),
        "options[0].default",
        "phone_format: Must be one of digits, e164.",
    ),
    "a format without a default": (changed(PLUS, 'default = "digits"\n', ""), "vendor.number_format", "neither one of"),
    "a format of another kind": (
        changed(PLUS, 'choices = ["digits", "e164"]', 'choices = ["digits", "roman"]'),
        "vendor.number_format",
        "'phone_format' is neither one of",
    ),
    "a sample without a credential": (
        changed(PLUS, 'credentials = { token = "12|s3cr3tT0ken+/=" }', ""),
        "sample.credentials",
        "There is no made-up value for token.",
    ),
    "a sample with a credential that does not fit": (
        changed(PLUS, '"12|s3cr3tT0ken+/="', '"a b"', 1),
        "sample.credentials",
        "token: Can't be read.",
    ),
    "a sender that is not sent": (
        changed(PLUS, '"{sender}"', '"BRAND"'),
        "request",
        "The request does not send {sender}",
    ),
    "a text of a template": (
        changed(PLUS, '"{parameter.3}"', '"{text}"'),
        "vendor.carries",
        "The request sends {text}",
    ),
    "parameters of a text": (changed(VOIPIT, '"{reference}"', '"{parameter.1}"'), "vendor.carries", "sends parameters"),
    "a repeat without a reference": (
        changed(BUDGET, '"{reference}"', '"1"'),
        "vendor.repeats_are_safe",
        "Only a call with {reference} can be repeated.",
    ),
    "no address for reports": (
        changed(TELNYX, 'value = "{callback_url}"', 'value = "x"'),
        "request",
        "The request does not send {callback_url}",
    ),
    "a report without an id": (changed(BUDGET, 'id = "id"\n', ""), "receipts", "A report names no message."),
    "a state that comes twice": (
        changed(BUDGET, 'word = "13"', 'word = "12"'),
        "receipts.states",
        "'12' is there twice.",
    ),
    "delivered, and never left": (
        changed(BUDGET, 'state = "delivered" }', 'state = "delivered", left = false }'),
        "receipts.states[1].left",
        "A message that never left can't be delivered.",
    ),
    "falling times": (changed(BUDGET, "[60, 600,", "[600, 60,"), "poll.after", "Write the seconds in rising order"),
    "networks that are no option": (
        changed(VOIPIT, 'source = "fields"', 'source = "fields"\nnetworks = "ips"'),
        "receipts.networks",
        "There is no option 'ips' of the kind networks with a default.",
    ),
    "a signature without a place": (
        changed(TELNYX, 'header = "telnyx-signature-ed25519"\n', ""),
        "receipts.signature",
        "A signature is in a `header` or a `field`.",
    ),
    "a signature that does not cover the call": (
        changed(TELNYX, '-timestamp}|{body}"', '-timestamp}"'),
        "receipts.signature.text",
        "It does not cover the call.",
    ),
    "a signature that anyone can make": (
        changed(changed(TELNYX, '"ed25519"', '"sha256"'), 'key = "public_key"\ntime', "time"),
        "receipts.signature.text",
        "Anyone could make this signature.",
    ),
    "a signature with a key that is no secret": (
        changed(TELNYX, '"ed25519"', '"sha256"'),
        "receipts.signature.text",
        "Anyone could make this signature.",
    ),
    "a signature of our calls without a secret": (
        BUDGET + '\n[auth]\nkind = "signature"\nname = "sig"\nplace = "query"\nalgorithm = "md5"\n'
        'text = "{sorted}{credential.username}"',
        "auth.text",
        "Anyone could make this signature.",
    ),
    "no request among the examples": (
        changed(PLUS, 'name = "a message with one parameter"', 'name = "x"\nof = "test"'),
        "examples",
        "There is no example of a request.",
    ),
    "no example of a receipt": (
        changed(TELNYX, 'reports = [{ state = "delivered", id = "m-1" }]', "reports = []"),
        "examples",
        "There is no example of a receipt.",
    ),
    "no forged receipt": (
        changed(TELNYX, "forged = true", "reports = []"),
        "examples",
        "no example of a forged receipt",
    ),
    "an example of a section that is not there": (
        changed(PLUS, 'name = "accepted"', 'name = "accepted"\nof = "balance"'),
        "examples[1].of",
        "There is no section balance.",
    ),
    "an example of nothing": (PLUS + '\n[[examples]]\nname = "y"', "examples[4]", "An example has one of `request`"),
    "an example without a meaning": (
        changed(PLUS, 'means = "balance"', ""),
        "examples[2]",
        "An answer needs `means`",
    ),
}


XML = changed(PLUS, 'format = "json"', 'format = "xml"')


@pytest.mark.parametrize(
    "place", ["m..a", "m.", "m.@", "m.@a b", 'm.@a="1" b', "m.@a.b", "m.#.a", "m.#a", "m.a b", "m.a>"]
)
def test_a_name_that_xml_can_not_have_is_a_problem_of_the_body(place: str) -> None:
    body = (
        f"""body = [{{ name = '{place}', value = "{{to}}" }}, {{ name = "m.t", value = "{{template}}{{sender}}" }}]"""
    )
    start = XML.index("body = [", XML.index("[request]"))
    found = problems(XML[:start] + body + XML[XML.index("]\n", XML.index("]\n", start)) + 1 :])
    assert "request.body" in {each.place for each in found}


def test_a_list_is_no_outer_element_of_xml() -> None:
    found = problems(XML.replace('name = "mobile_numbers.0"', 'name = "0"'))
    assert "request.body" in {each.place for each in found}


CONTROL = ("\\u0000", "\\n", "\\u0085")


@pytest.mark.parametrize("character", CONTROL)
def test_a_name_a_text_and_a_code_have_no_control_characters(character: str) -> None:
    for old, place in (
        ('name = "', "vendor.name"),
        ('code = "', "answer.codes[0].code"),
        ('text = "', "answer.codes[0].text"),
    ):
        start = PLUS.index("[vendor]" if "vendor" in place else "codes = [")
        at = PLUS.index(old, start) + len(old)
        found = problems(PLUS[:at] + character + PLUS[at:])
        assert (place, "text without control characters" in found[0].text) == (found[0].place, True)


@pytest.mark.parametrize("case", CASES)
def test_a_problem_is_said_with_its_place(case: str) -> None:
    description, place, said = CASES[case]
    found = problems(description)
    assert [each for each in found if each.place == place and said in each.text], found
    assert all(each.text.endswith(".") for each in found)


@pytest.mark.parametrize("section", ["vendor", "request", "answer", "examples"])
def test_a_required_section_that_is_left_out_is_a_problem(section: str) -> None:
    assert [each for each in problems(only(PLUS, section)) if each.place.startswith(section)]


def test_all_problems_are_said_at_once() -> None:
    description = changed(PLUS, "max_length = 160", 'max_length = "160"')
    description = changed(description, 'class = "balance"', 'class = "money"')
    description = changed(description, '"{sender}"', '"{sendr}"')
    description = changed(description, 'default = "digits"', 'default = "roman"') + "\n[extra]"
    places = {each.place for each in problems(description)}
    assert places >= {
        "vendor.max_length",
        "answer.codes[18].class",
        "request.body[0].value",
        "options[0].default",
        "extra",
    }


def test_the_error_says_all_problems() -> None:
    with pytest.raises(DescriptionError, match=r"vendor\.slug: This key is missing\..*request\.path: This key"):
        load("")


@pytest.mark.parametrize("name", NAMES)
def test_a_description_without_a_line_is_an_adapter_or_a_description_error(name: str) -> None:
    lines = text(name).splitlines()
    for n in range(0, len(lines), 5):
        with suppress(DescriptionError):
            assert first_problem(load("\n".join(lines[:n] + lines[n + 1 :]))) == ""
