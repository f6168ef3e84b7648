"""Adapters of other packages: which are used, and what is said about those that are not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.packages import find
from providers.registry import FORWARDERS, SENDERS, why_missing
from tests.support.packages import install, project

BUILT_IN = {*SENDERS, *FORWARDERS}
MODULE = "sms_made_up"
ADAPTER = """
from providers.base import Accepted, Carries, HttpRequest, Sender

class MadeUp(Sender):
    slug = "made_up"
    name = "Made up"
    documents = "none"
    default_base_url = "https://made-up.example"
    carries = Carries.TEXT

    def request(self, sms):
        return HttpRequest("POST", self.base_url)

    def outcome(self, response):
        return Accepted()
"""
FORWARDER = """
from providers.base import Forwarder, HttpRequest, Pushed

class MadeUp(Forwarder):
    slug, name, documents, retry_seconds = "made_up", "Made up", "none", 5

    def request(self, received):
        return HttpRequest("POST", self.base_url)

    def outcome(self, response):
        return Pushed.DELIVERED, "200"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop(MODULE, None)


def with_fact(line: str) -> str:
    """The adapter with one more fact, or with another value of one."""
    return ADAPTER.replace("    carries = Carries.TEXT\n", f"    carries = Carries.TEXT\n    {line}\n")


@pytest.mark.parametrize("source", [ADAPTER, FORWARDER, with_fact("max_parts = 3")])
def test_an_adapter_of_a_package_is_found(folder: Path, source: str) -> None:
    install(folder, project("sms-made-up", made_up=f"{MODULE}:MadeUp"), {f"{MODULE}.py": source})
    found, faults = find(BUILT_IN)
    assert list(found) == ["made_up"]
    assert found["made_up"].name == "Made up"
    assert faults == {}


BROKEN = {
    "no Python": ("class MadeUp(:", "SyntaxError"),
    "a missing library": ("import no_such_library", "No module named 'no_such_library'"),
    "an error on import": ("1 / 0", "ZeroDivisionError: division by zero"),
    "an exit on import": ("raise SystemExit(1)", "SystemExit: 1"),
    "no such class": ("", "has no attribute 'MadeUp'"),
    "no class": ("MadeUp = 5", "5 is no class derived from Sender or Forwarder"),
    "a class of another kind": ("class MadeUp: slug = 'made_up'", "is no class derived from Sender or Forwarder"),
    "an instance": (f"{ADAPTER}\nMadeUp = MadeUp(base_url='', credentials=dict(), options=dict())", "is no class"),
    "no outcome": (ADAPTER.replace("def outcome", "def other"), "It does not implement outcome."),
    "no slug": (ADAPTER.replace('slug = "made_up"', ""), "It does not declare slug."),
    "another slug": (ADAPTER.replace('"made_up"', '"other"'), "Its slug is other, and its entry point has another"),
    "a slug that no address can have": (ADAPTER.replace('"made_up"', '"made/up"'), "The slug 'made/up' must be"),
    "a slug that is too long": (ADAPTER.replace('"made_up"', f'"{"a" * 33}"'), "must be a lower-case letter"),
    "a slug that is a number": (ADAPTER.replace('"made_up"', "5"), "The declared slug is not valid"),
    "no address": (ADAPTER.replace("    default_base_url", "    other"), "It does not declare default_base_url."),
    "an address that can't be called": (
        ADAPTER.replace("https://made-up", "http://made-up"),
        "The declared default_base_url is not valid: The address must start with https://",
    ),
    "a fact of another type": (with_fact('carries = "text"'), "The declared carries is not valid"),
    "a set of other things": (with_fact('reports = frozenset({"poll"})'), "The declared reports is not valid"),
    "a list where a tuple belongs": (with_fact("credentials = []"), "The declared credentials is not valid"),
    "a setting that is none": (with_fact('options = ("url",)'), "The declared options is not valid"),
    "a setting of other types": (
        with_fact("from providers.base import Setting; options = (Setting(1, 2, 3),)"),
        "Setting",
    ),
    "polls without a call": (
        with_fact("from providers.base import Polls; polls = Polls(per_minute=0)"),
        "per_minute is 0",
    ),
    "codes without a class": (with_fact('codes = {"1": "refused"}'), "The declared codes is not valid"),
    "an unknown state": (with_fact('strongest = "read"'), "The declared strongest is not valid"),
    "an own constructor": (with_fact("def __init__(self): pass"), "It must not define __init__."),
    "an older method": (with_fact("def read_reports(self): return []"), "Its method read_reports takes other arg"),
    "a fact in place of a method": (with_fact("authentic = True"), "Its method authentic takes other arguments"),
    "a test that is not there": (with_fact("can_test = True"), "It does not implement test_request, test_outcome."),
    "polls that fail": (
        with_fact("def poll_delays(self): return self.option['after']"),
        "Its method poll_delays fails with the default options: KeyError: 'after'",
    ),
    "networks of another type": (
        with_fact("def report_networks(self): return None"),
        "Its method report_networks fails with the default options: Input should be a valid tuple",
    ),
    "polls without a pause": (
        with_fact("def poll_delays(self): return (60, 0)"),
        "Its method poll_delays fails with the default options: each must be at least 1 second",
    ),
    "networks that are none": (
        with_fact('def report_networks(self): return ("192.0.2.0/24", "nonsense")'),
        "Its method report_networks fails with the default options: ValueError: 'nonsense' does not appear",
    ),
    "polls without a time": (
        with_fact(
            "from providers.base import ReportChannel; reports = frozenset({ReportChannel.POLL}); "
            "poll_request = lambda self, *asked: None; poll_outcome = lambda self, response: []"
        ),
        "It is polled, and poll_delays is empty.",
    ),
    "polls that are not there": (
        with_fact("from providers.base import ReportChannel; reports = frozenset({ReportChannel.POLL})"),
        "It does not implement poll_request, poll_outcome.",
    ),
}


@pytest.mark.parametrize(("source", "said"), BROKEN.values(), ids=BROKEN)
def test_an_adapter_that_can_not_be_used_is_named_and_the_others_are_found(
    folder: Path, source: str, said: str
) -> None:
    install(folder, project("sms-made-up", made_up=f"{MODULE}:MadeUp"), {f"{MODULE}.py": source})
    whole = ADAPTER.replace('"made_up"', '"whole"')
    install(folder, project("sms-whole", whole="sms_whole:MadeUp"), {"sms_whole.py": whole})
    found, faults = find(BUILT_IN)
    assert list(found) == ["whole"]
    assert list(faults) == ["made_up"]
    assert "The adapter made_up of the package sms-made-up 1.0 can't be used: " in faults["made_up"].problem
    assert said in faults["made_up"].problem
    assert faults["made_up"].advice
    assert not faults["made_up"].is_collision
    sys.modules.pop("sms_whole", None)


def test_a_forwarder_that_needs_a_session_must_be_able_to_log_in(folder: Path) -> None:
    source = FORWARDER.replace("    def request", "    needs_session = True\n\n    def request")
    install(folder, project("sms-made-up", made_up=f"{MODULE}:MadeUp"), {f"{MODULE}.py": source})
    assert "It does not implement session_request, session_outcome." in find(BUILT_IN)[1]["made_up"].problem


def test_the_first_problem_is_told_though_a_later_check_fails(folder: Path) -> None:
    """Where poll_delays fails for a vendor that is polled, it is asked only once."""
    lines = "from providers.base import ReportChannel; reports = frozenset({ReportChannel.POLL}); "
    polled = "poll_request = lambda self, *asked: None; poll_outcome = lambda self, response: []; "
    source = with_fact(f"{lines}{polled}poll_delays = lambda self: 1 / 0")
    install(folder, project("sms-made-up", made_up=f"{MODULE}:MadeUp"), {f"{MODULE}.py": source})
    assert "Its method" in find(BUILT_IN)[1]["made_up"].problem


@pytest.mark.parametrize(
    ("packages", "said"),
    [
        ({"sms-one": ["made_up"], "sms-two": ["made_up"]}, "made_up: sms-one 1.0, sms-two 1.0."),
        ({"sms-two": ["sandbox"]}, "sandbox: sms-desk, sms-two 1.0."),
        ({"b": ["sandbox"], "a": ["sandbox"]}, "sandbox: sms-desk, a 1.0, b 1.0."),
    ],
)
def test_a_slug_that_two_packages_bring_names_both(folder: Path, packages: dict[str, list[str]], said: str) -> None:
    for name, slugs in packages.items():
        install(folder, project(name, **dict.fromkeys(slugs, f"{MODULE}:MadeUp")), {f"{MODULE}.py": ADAPTER})
    found, faults = find(BUILT_IN)
    assert found == {}
    [fault] = faults.values()
    assert fault.is_collision
    assert fault.problem == f"More than one package brings an adapter {said}"
    assert MODULE not in sys.modules


@pytest.mark.parametrize("text", [b"[sms_desk.providers]\nno sign", b"[console_scripts]\nno sign", b"[a]\n\xff = b"])
def test_metadata_that_can_not_be_read_is_a_fault(folder: Path, text: bytes) -> None:
    install(folder, project("sms-made-up", made_up=f"{MODULE}:MadeUp"), {f"{MODULE}.py": ADAPTER})
    install(folder, project("other"), {})
    (folder / "other-1.0.dist-info" / "entry_points.txt").write_bytes(text)
    found, faults = find(BUILT_IN)
    assert (found, list(faults)) == ({}, ["?"])
    assert "entry_points.txt of an installed package can't be read" in faults["?"].problem
    assert faults["?"].advice


def test_the_order_does_not_depend_on_the_folder(folder: Path) -> None:
    for name in ("zeta", "alpha", "mid"):
        install(folder, project(f"sms-{name}", **{name: "no_such_module:X"}), {})
    assert list(find(BUILT_IN)[1]) == ["alpha", "mid", "zeta"]


def test_a_vendor_without_any_package_says_so() -> None:
    assert why_missing("gone").startswith("There is no adapter gone. Install the package that brings it")
