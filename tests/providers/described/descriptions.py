"""The descriptions in this folder, and their adapters."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import cast

from providers.described import load
from providers.described.adapter import Described
from providers.described.examples import sms_of
from providers.testing import Example

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
    return Example(adapter(name), sample.credentials, given, sample.options)
