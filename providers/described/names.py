"""Checks that every placeholder and every setting that a description names exists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from providers.marking import N_
from providers.phone import FORMATS

from .problems import Problem, place_of, shown
from .schema import CallModel
from .signing import OF_SIGNATURE
from .values import ALWAYS, OF_ASKED, OF_MESSAGE

OF_CALLS: dict[str, frozenset[str]] = {
    "request": OF_MESSAGE,
    "poll": OF_ASKED,
    "test": frozenset(),
    "balance": frozenset(),
}
LISTS = {"request": {"parameter", "parameter_name"}, "poll": {"message"}}
Used = tuple[tuple[str | int, ...], str]
"""A place, and the name that is used there."""


def unknown_names(given: Any) -> Iterator[Problem]:
    for section, own in OF_CALLS.items():
        call = getattr(given, section)
        for place, name in _of_call(call) if call else ():
            if not _is_known(given, name, own):
                yield _unknown((section, *place), name)
            if name.startswith("each:") and name[5:] not in LISTS.get(section, set()):
                yield _unknown((section, *place), name[5:])
    yield from _of_auth(given)
    yield from _of_signature(given)
    yield from _of_settings(given)


def _of_call(call: CallModel) -> Iterator[Used]:
    yield from ((("path",), name) for name in sorted(call.path.names))
    for part in ("headers", "query", "body"):
        for n, row in enumerate(getattr(call, part)):
            yield from (((part, n, "value"), name) for name in (sorted(row.value.names) if row.value else ()))
            yield from (((part, n, "when"), name) for name in ([row.when] if row.when else ()))
            yield from (((part, n, "each"), f"each:{name}") for name in ([row.each] if row.each else ()))


def _is_known(given: Any, name: str, own: Iterable[str]) -> bool:
    """A name of a section that is not valid by itself counts as known: its own problem is told."""
    kind, _, key = name.partition(".")
    if kind == "each:parameter" or name.startswith("each:") or name in ALWAYS or name in own:
        return True
    if kind in ("credential", "option"):
        declared = getattr(given, f"{kind}s")
        return declared is None or key in {each.key for each in declared}
    if kind == "words":
        return given.words is None or (key in given.words and _is_known(given, given.words[key].source, own))
    return kind == "parameter" and "text" in own and key.isascii() and key.isdigit() and 0 < int(key[:3]) <= 100


def _of_auth(given: Any) -> Iterator[Problem]:
    if given.auth is None:
        return
    for key in ("username", "password", "token", "key"):
        name = getattr(given.auth, key)
        if name is not None and not _is_known(given, f"credential.{name}", ()):
            yield _unknown(("auth", key), name)
    # every call is signed, so that the text has only what each call has
    for name in sorted(given.auth.text.names if given.auth.text else ()):
        if not _is_known(given, name, OF_SIGNATURE):
            yield _unknown(("auth", "text"), name)


def _of_signature(given: Any) -> Iterator[Problem]:
    rule = given.receipts.signature if given.receipts else None
    if rule is None:
        return
    if rule.key is not None and not _is_known(given, f"credential.{rule.key}", ()):
        yield _unknown(("receipts", "signature", "key"), rule.key)
    for name in sorted({*rule.text.names, *([rule.time] if rule.time else ())}):
        of_call = name.startswith("field.") or (name.startswith("header.") and name == name.lower())
        if not of_call and not _is_known(given, name, OF_SIGNATURE):
            yield _unknown(("receipts", "signature", "time" if name == rule.time else "text"), name)


def _of_settings(given: Any) -> Iterator[Problem]:
    kinds = {option.key: option for option in given.options or ()}
    form = given.vendor.number_format if given.vendor else "e164"
    choices = kinds[form].choices if form in kinds else [form]
    if given.options is not None and not (choices and set(choices) <= set(FORMATS)):
        words = N_("{value} is neither one of {formats} nor an option whose choices are some of these.")
        yield Problem("vendor.number_format", words.format(value=shown(form), formats=", ".join(FORMATS)))
    for section, key, kind in (("receipts", "networks", "networks"), ("poll", "after_option", "seconds")):
        name = getattr(getattr(given, section), key, None)
        if name is not None and given.options is not None and (name not in kinds or kinds[name].kind != kind):
            words = N_("There is no option {value} of the kind {kind_text}. Declare it, or correct the name.")
            yield Problem(f"{section}.{key}", words.format(value=shown(name), kind_text=kind))


def _unknown(place: tuple[str | int, ...], name: str) -> Problem:
    words = N_("There is no value {value} here. Correct the name, or declare the credential, option or word table.")
    return Problem(place_of(place), words.format(value=shown(name)))
