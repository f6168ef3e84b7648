"""Every registered vendor meets the contract. A new vendor inherits all of these tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers import vendors
from providers.base import Adapter
from providers.contract import first_problem
from providers.registry import FORWARDERS, SENDERS
from providers.testing import Example, SenderContract

from .samples import example


def test_each_vendors_file_holds_one_adapter() -> None:
    files = {path.stem for path in Path(vendors.__file__).parent.glob("[!_]*.py")}
    assert files == {*SENDERS, *FORWARDERS}
    assert not set(SENDERS) & set(FORWARDERS)


@pytest.mark.parametrize("adapter", [*SENDERS.values(), *FORWARDERS.values()])
def test_each_class_meets_the_contract(adapter: type[Adapter]) -> None:
    assert first_problem(adapter) == ""
    assert adapter.__module__ == f"providers.vendors.{adapter.slug}"


class TestEverySender(SenderContract):
    @pytest.fixture(params=sorted(SENDERS))
    def example(self, request: pytest.FixtureRequest) -> Example:
        return example(request.param)
