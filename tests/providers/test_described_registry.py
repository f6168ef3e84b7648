"""Described vendors beside the others: what is used, what is a fault, and what stays as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from providers import described, registry
from providers.packages import Fault
from providers.registry import FAULTS, SENDERS, Missing, describe, sender_class, why_missing
from tests.sms.descriptions import description

BEFORE = dict(SENDERS)


@pytest.fixture(autouse=True)
def _none() -> Iterator[None]:
    yield
    describe({})
    assert SENDERS == BEFORE


def test_a_described_vendor_is_used_until_it_is_gone() -> None:
    describe({"acme": description()})
    assert sender_class("acme").name == "Acme"
    describe({})
    assert issubclass(sender_class("acme"), Missing)
    assert why_missing("acme").startswith("There is no adapter acme.")


def test_only_those_whose_text_changed_are_loaded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[str] = []
    load = described.load
    monkeypatch.setattr(described, "load", lambda text: loads.append(text) or load(text))
    texts = {"acme": description(), "other": description("other")}
    describe(texts)
    before = dict(SENDERS)
    describe(dict(texts))
    assert len(loads) == 2
    describe(texts | {"acme": description(name="Acme 2")})
    assert (len(loads), SENDERS["acme"].name) == (3, "Acme 2")
    assert SENDERS["other"] is before["other"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        ("[vendor]\nslug = 7\n", "vendor.slug"),
        ("\x00", ""),
        ("[" * 10_000, ""),
        (description("another"), "It has another slug."),
        (description("Acme!"), ""),
        (description(base_url="https://10.0.0.1"), ""),
        (description(base_url="ftp://acme.example"), ""),
    ],
)
def test_one_that_cannot_be_used_is_a_fault_and_stops_no_other(text: str, words: str) -> None:
    describe({"acme": text, "other": description("other")})
    assert issubclass(sender_class("acme"), Missing)
    assert why_missing("acme").startswith("The vendor description acme can't be used: ")
    assert words in why_missing("acme")
    assert SENDERS["other"].name == "Acme"


def test_an_error_of_the_reader_itself_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(text: str) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(described, "load", crash)
    describe({"acme": description()})
    assert "RecursionError: too deep" in why_missing("acme")


def test_a_fault_ends_with_its_text_and_comes_back_with_it() -> None:
    for _ in range(2):
        describe({"acme": "broken"})
        assert "acme" in FAULTS
        assert "acme" not in SENDERS
        describe({"acme": description()})
        assert "acme" not in FAULTS
        assert SENDERS["acme"].name == "Acme"
    describe({"acme": "broken"})
    describe({"acme": "broken otherwise"})
    assert "acme" in FAULTS


@pytest.mark.parametrize("kind", ["sender", "forwarder", "broken package"])
def test_an_adapter_in_code_comes_first(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as one that an upgrade brings."""
    slug = {"sender": next(iter(BEFORE)), "forwarder": next(iter(registry.FORWARDERS)), "broken package": "gone"}[kind]
    fault = Fault("It can't be imported.", "Update it.")
    if kind == "broken package":
        monkeypatch.setitem(FAULTS, slug, fault)
    describe({slug: description(slug)})
    assert SENDERS.get(slug) is BEFORE.get(slug)
    assert FAULTS[slug] is fault or FAULTS[slug].is_collision
    describe({})
    assert (slug in FAULTS) == (kind == "broken package")


def test_a_description_keeps_its_slug_while_it_changes() -> None:
    assert not registry.is_taken("acme")
    describe({"acme": description()})
    assert not registry.is_taken("acme")
    assert registry.is_described("acme")
    assert registry.is_taken(next(iter(BEFORE)))
