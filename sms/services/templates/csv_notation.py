"""Placeholders and parameters in a cell of a spreadsheet: `code: digits 4-8; name: name` and `name, order=order_code`.

JSON, as earlier versions wrote it, is read as well. This module checks the notation; `parse_kinds` checks the values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from providers.marking import N_
from sms.domain.matching.placeholders import TemplateError, parse_kinds
from sms.domain.text import visible

from .approvals import Parameters

_ITEM = re.compile(r"\s*([^:\s]+)\s*:\s*(\S.*?)\s*", re.DOTALL)
_LENGTHS = re.compile(r"([0-9]{0,4})-([0-9]{0,4})|([0-9]{1,4})")
_DASH = re.compile("[\u2010-\u2015]")
_RANGE = re.compile(r"(?<=[0-9])\s*-\s*(?=[0-9])")
_LINKS = "with_links"
_EXAMPLE = N_("write each placeholder with its kind, such as code: digits 4-8; name: name")
_PARAMETERS = N_("write the parameters in the vendor's order, such as name, order=order_code")


def read_placeholders(cell: str) -> dict[str, Any]:
    """The declaration that `parse_kinds` reads. Raises TemplateError."""
    if cell.lstrip().startswith(("{", "[")):
        return _json(cell, dict, _EXAMPLE)
    found: dict[str, Any] = {}
    for item in filter(str.strip, re.split(r"[;\n]", cell)):
        match = _ITEM.fullmatch(item)
        if not match:
            raise TemplateError(f"“{visible(item.strip())[:60]}”: {_EXAMPLE}.")
        _add(found, match[1], _declaration(match[2]))
    return found


def _declaration(words: str) -> str | dict[str, Any]:
    kind, *more = _RANGE.sub("-", _DASH.sub("-", words)).replace(",", " ").split()
    given: dict[str, Any] = {}
    for word in more:
        if word == _LINKS:
            given["allow_links"] = True
        elif lengths := _LENGTHS.fullmatch(word):
            least, most, exact = lengths.groups()
            given |= {"min_length": int(least or exact or 0), "max_length": int(most or exact or 0)}
        elif "." in word:
            given.setdefault("hosts", []).append(word)
        else:
            raise TemplateError(
                N_("'{word}' is neither lengths such as 4-8 nor a host name.").format(word=visible(word)[:40])
            )
    given = {key: value for key, value in given.items() if value}
    return {"kind": kind.casefold(), **given} if given else kind.casefold()


def _add(found: dict[str, Any], name: str, value: Any) -> None:
    if name in found:
        raise TemplateError(N_("{name} occurs twice.").format(name=visible(name)[:40]))
    found[name] = value


def written_placeholders(declared: object) -> str:
    """Write the placeholders in the notation that `read_placeholders` reads."""
    return "; ".join(f"{each.name}: {_written(each)}" for each in parse_kinds(declared or {}).values())


def _written(placeholder: Any) -> str:
    least, most = placeholder.min_length or "", placeholder.max_length or ""
    lengths = [f"{least}-{most}"] if least or most else []
    return " ".join([placeholder.kind, *lengths, *placeholder.hosts, *[_LINKS] * placeholder.allow_links])


def read_parameters(cell: str) -> Parameters:
    """The parameters in the vendor's order, as the model stores them. Raises TemplateError."""
    if cell.lstrip().startswith(("{", "[")):
        return _json(cell, list, _PARAMETERS)
    names = [each.strip() for each in re.split("[,;]", cell)]
    return [_parameter(each) for each in (names[:-1] if not names[-1] else names)]


def _parameter(words: str) -> str | dict[str, str]:
    ours, is_pair, theirs = (each.strip() for each in words.partition("="))
    if not ours or (is_pair and not theirs):
        raise TemplateError(f"“{visible(words)[:60]}”: {_PARAMETERS}.")
    return {ours: theirs} if is_pair else ours


def written_parameters(parameters: Sequence[Any]) -> str:
    """Write the parameters for `read_parameters`; as JSON if a name contains a character of the notation."""
    pairs = [next(iter(each.items())) if isinstance(each, Mapping) else (each,) for each in parameters]
    cell = ", ".join("=".join(pair) for pair in pairs)
    try:
        is_plain = read_parameters(cell) == list(parameters)
    except TemplateError:
        is_plain = False
    return cell if is_plain else json.dumps(parameters, ensure_ascii=False)


def _json(cell: str, kind: type, example: str) -> Any:
    try:
        value = json.loads(cell, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError) as error:
        if isinstance(error, TemplateError):
            raise
        value = None
    if not isinstance(value, kind):
        raise TemplateError(f"“{visible(cell)[:60]}”: {example}.")
    return value


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        _add(found, name, value)
    return found
