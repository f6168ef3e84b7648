"""The description of docs/describing-a-vendor.md works as written, and its tables have every key."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from providers.described import load, run_examples
from providers.described.build import ALWAYS, OF_ASKED, OF_MESSAGE
from providers.described.description import Description
from providers.described.signing import OF_SIGNATURE

from .blocks import ROOT, blocks

PAGE = "docs/describing-a-vendor.md"
WORDS = (ROOT / PAGE).read_text()


def test_the_example_is_an_adapter_and_its_examples_pass():
    [described] = [block.text for block in blocks(PAGE) if "described" in block.marks]
    results = run_examples(load(described))
    assert len(results) == 5
    assert [each for each in results if not each.passed] == []


def models(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Every model of a description by its name."""
    found = {model.__name__: model}
    for field in model.model_fields.values():
        waiting = [field.annotation]
        while waiting:
            hint = waiting.pop()
            waiting += getattr(hint, "__args__", ())
            if isinstance(hint, type) and issubclass(hint, BaseModel) and hint.__name__ not in found:
                found |= models(hint)
    return found


KEYS = sorted({
    field.alias or key for model in models(Description).values() for key, field in model.model_fields.items()
})  # fmt: skip


def test_the_keys_are_found():
    assert len(KEYS) > 80
    assert {"accepted_when", "tolerance", "in", "class", "currency_is", "valid_for"} <= set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_each_key_is_in_the_document(key: str):
    assert f"`{key}`" in WORDS or f"`{key} = " in WORDS or f"[{key}]" in WORDS


@pytest.mark.parametrize("name", sorted(ALWAYS | OF_MESSAGE | OF_ASKED | OF_SIGNATURE))
def test_each_placeholder_is_in_the_document(name: str):
    assert f"`{{{name}}}`" in WORDS
