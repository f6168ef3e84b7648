"""The descriptions in this folder, and their adapters."""

from __future__ import annotations

import re
from functools import cache
from itertools import product
from pathlib import Path
from typing import cast

from providers.described import load
from providers.described.adapter import Described
from providers.described.examples import callback_of, sms_of
from providers.testing import Example, GoodCallback

FOLDER = Path(__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))


def text(name: str) -> str:
    return (FOLDER / f"{name}.toml").read_text()


@cache
def adapter(name: str) -> type[Described]:
    return cast(type[Described], load(text(name)))


def example(name: str) -> Example:
    """The sample of the description, for the tests that every adapter passes."""
    sample = adapter(name).description.sample
    message = sms_of(sample.message)
    fields = ("sender", "vendor_template", "parameters", "callback_url")
    given = {field: getattr(message, field) for field in fields}
    return Example(adapter(name), sample.credentials, given, sample.options, callback=good_callback(name))


def good_callback(name: str) -> GoodCallback | None:
    """A receipt of the description's examples in which the word of a state stands once; None if there is none."""
    described = adapter(name).description
    calls = [each.receipt for each in described.examples if each.receipt and not each.forged]
    states = described.receipts.states if described.receipts else []
    for call, state in product(calls, states):
        if re.findall(r"[\w.-]+", f"{call.query} {call.body}").count(state.word) == 1:
            return GoodCallback(callback_of(call), state.word)
    return None
