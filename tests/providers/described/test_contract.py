"""The described adapters pass the tests of every adapter, and their own examples."""

from __future__ import annotations

import pytest

from providers.described import run_examples
from providers.registry import FORWARDERS, SENDERS
from providers.testing import Example, SenderContract

from .descriptions import NAMES, adapter, example


class TestEveryDescription(SenderContract):
    @pytest.fixture(params=NAMES)
    def example(self, request: pytest.FixtureRequest) -> Example:
        return example(request.param)


@pytest.mark.parametrize("name", NAMES)
def test_its_examples_pass(name: str) -> None:
    results = run_examples(adapter(name))
    assert len(results) >= 3
    assert [each for each in results if not each.passed] == []


@pytest.mark.parametrize("name", NAMES)
def test_its_slug_is_its_own(name: str) -> None:
    assert adapter(name).slug == name
    assert name not in {*SENDERS, *FORWARDERS}


def test_an_adapter_in_code_has_no_examples() -> None:
    assert [run_examples(each) for each in SENDERS.values()] == [()] * len(SENDERS)
