"""The settings that an adapter needs from staff: declarations of its credentials and options, and their checks."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from providers.marking import N_

from .address import url_problem

MAX_TEXT = 500
MAX_KEY = 4096
MAX_INTEGER = 1_000_000
E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class Kind(StrEnum):
    """What a credential or option holds. A key is text of several lines, such as PEM; an MSISDN a number in E.164."""

    TEXT = "text"
    CHOICE = "choice"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    SECONDS = "seconds"
    NETWORKS = "networks"
    URL = "url"
    KEY = "key"
    MSISDN = "msisdn"


@dataclass(frozen=True, slots=True)
class Setting:
    """A credential or an option that an adapter declares; forms, checks and provisioning read it."""

    key: str
    label: str
    help: str
    kind: Kind = Kind.TEXT
    secret: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    """A regular expression for the whole of a text; empty = any."""
    required: bool = False
    """True for an option without which the vendor can't be called. Credentials always are, unless `optional`."""
    optional: bool = False
    """True for a credential that an account may lack, such as a key for signatures; read it with `.get`."""
    assumed: bool = False
    """True if no document of the vendor confirms it, which the admin shows."""

    def __post_init__(self) -> None:
        if not all(isinstance(each, str) for each in (self.key, self.label, self.help)):
            raise ValueError(f"The key, the label and the help of a Setting must be texts: {self.key!r}")


class SettingError(ValueError):
    """An invalid or unknown credential or option; `key` is its name."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(f"{key}: {message}")
        self.key = key
        self.message = message


def clean(declared: tuple[Setting, ...], values: Mapping[str, Any]) -> dict[str, Any]:
    """The given values, checked against what is declared. Raises SettingError for the first invalid one."""
    known = {setting.key: setting for setting in declared}
    cleaned = {}
    for key, value in values.items():
        if key not in known:
            names = ", ".join(known) or "none"
            raise SettingError(key, N_("There is no such setting here; known: {names}.").format(names=names))
        cleaned[key] = _READERS[known[key].kind](known[key], value)
    return cleaned


def _text(setting: Setting, value: Any) -> str:
    if not isinstance(value, str):
        raise SettingError(setting.key, N_("Must be a text."))
    text: str = value.strip()  # pasted values often end with a blank or a line end
    if not text or len(text) > MAX_TEXT or not text.isprintable():
        raise SettingError(setting.key, N_("Must hold 1 to {max_text} printable characters.").format(max_text=MAX_TEXT))
    if setting.pattern and not re.fullmatch(setting.pattern, text):
        raise SettingError(setting.key, N_("Can't be read. {help_text}").format(help_text=setting.help))
    return text


def _key(setting: Setting, value: Any) -> str:
    """The lines without blanks at their ends, and without the differences of line ends."""
    if not isinstance(value, str):
        raise SettingError(setting.key, N_("Must be a text."))
    lines = [line.rstrip() for line in value.strip().splitlines()]
    text = "\n".join(lines)
    if not text or len(text) > MAX_KEY or not all(line.isprintable() for line in lines):
        raise SettingError(
            setting.key, N_("Must hold 1 to {max_key} printable characters, in lines.").format(max_key=MAX_KEY)
        )
    if setting.pattern and not re.fullmatch(setting.pattern, text, re.DOTALL):
        raise SettingError(setting.key, N_("Can't be read. {help_text}").format(help_text=setting.help))
    return text


def _url(setting: Setting, value: Any) -> str:
    """Whether an internal address may be called, providers/http.py decides at each call."""
    text = _text(setting, value)
    if problem := url_problem(text, allow_private=True):
        raise SettingError(setting.key, problem)
    return text


def _msisdn(setting: Setting, value: Any) -> str:
    text = re.sub(r"[ ()-]", "", _text(setting, value))
    if not E164.fullmatch(text):
        raise SettingError(setting.key, N_("Must be a phone number with its country code, such as +994501234567."))
    return text


def _choice(setting: Setting, value: Any) -> str:
    if not isinstance(value, str) or value not in setting.choices:
        raise SettingError(setting.key, N_("Must be one of {choices}.").format(choices=", ".join(setting.choices)))
    return value


def _boolean(setting: Setting, value: Any) -> bool:
    if not isinstance(value, bool):
        raise SettingError(setting.key, N_("Must be true or false."))
    return value


def _integer(setting: Setting, value: Any) -> int:
    if not _is_positive(value):
        raise SettingError(
            setting.key, N_("Must be a whole number from 1 to {max_integer}.").format(max_integer=MAX_INTEGER)
        )
    return int(value)


def _seconds(setting: Setting, value: Any) -> list[int]:
    rising = isinstance(value, list | tuple) and all(map(_is_positive, value)) and sorted(set(value)) == list(value)
    if not value or not rising:
        raise SettingError(setting.key, N_("Must be a list of whole seconds, each larger than the one before."))
    return list(value)


def _networks(setting: Setting, value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise SettingError(setting.key, N_("Must be a list of IP addresses or networks."))
    try:
        return [str(ipaddress.ip_network(item.strip(), strict=False)) for item in value]
    except ValueError as error:
        raise SettingError(
            setting.key, N_("Holds something that is no IP address or network: {error}.").format(error=error)
        ) from None


def _is_positive(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_INTEGER


_READERS: dict[Kind, Callable[[Setting, Any], Any]] = {
    Kind.TEXT: _text,
    Kind.CHOICE: _choice,
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: _integer,
    Kind.SECONDS: _seconds,
    Kind.NETWORKS: _networks,
    Kind.URL: _url,
    Kind.KEY: _key,
    Kind.MSISDN: _msisdn,
}
