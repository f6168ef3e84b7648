"""Reads settings from the process's environment, and then from a file of NAME=value lines, without expanding values.

Used only by config/settings.py and config/gunicorn.py, which name the settings.
"""

from __future__ import annotations

import ipaddress
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from providers.neighbours import Neighbours
from sms.domain.text_files import decoded

BASE_DIR = Path(__file__).resolve().parent.parent
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)")
_QUOTED = re.compile(r"""\s*(?:'(?P<single>.*)'|"(?P<double>.*)")\s*""")
_ESCAPED = re.compile(r'\\(["\\$`])')
ENCODED = "In user and password write / ? # @ : % as %2F %3F %23 %40 %3A %25"
SQLITE_FORM = f"Write sqlite:///file (three slashes) for a file in {BASE_DIR}, four for a path from the root."
ON, OFF = ("1", "true", "on", "yes", "y", "ok"), ("0", "false", "off", "no", "n", "")


class Environment(environ.Env):
    """django-environ without its proxies: a value that begins with `$` does not refer to another variable."""

    def __init__(self, values: Mapping[str, str], file: str) -> None:
        super().__init__()
        # With `escape_proxy`, django-environ reads `\$` as a plain `$`.
        self.ENVIRON = {name: value.replace("$", r"\$") for name, value in values.items()}
        self.escape_proxy = True
        self.file = file
        """The file's description for error messages: its path, and why it was not read."""

    def word(self, name: str, default: str = "") -> str:
        """A value without the blanks around it, such as a URL. An empty one counts as not set."""
        return self.str(name, default="").strip() or default

    def words(self, name: str, default: str = "") -> list[str]:
        """A comma-separated list."""
        return [word.strip() for word in self.word(name, default).split(",") if word.strip()]

    def switch(self, name: str, *, default: bool = False) -> bool:
        word = self.word(name, "on" if default else "off").lower()
        if word not in (*ON, *OFF):
            raise ImproperlyConfigured(f"{name} is {word!r}. Write on or off.")
        return word in ON

    def number(self, name: str, default: int, *, least: int = 0, most: int = 10**6) -> int:
        word = self.word(name, str(default))
        if not re.fullmatch(r"[0-9]{1,9}", word, re.ASCII) or not least <= int(word) <= most:
            raise ImproperlyConfigured(f"{name} is {word!r}. Write a whole number from {least} to {most}.")
        return int(word)

    def choice(self, name: str, default: str, choices: Sequence[str]) -> str:
        """One of the given choices, in any letter case."""
        word = self.word(name, default)
        found = next((choice for choice in choices if choice.lower() == word.lower()), None)
        if found is None:
            raise ImproperlyConfigured(f"{name} is {word!r}. Write one of {', '.join(choices)}.")
        return found

    def url_parts(self, name: str) -> SplitResult:
        """The parts of a URL; all of them are empty if it is not set."""
        try:
            parts = urlsplit(self.word(name))
            _ = parts.port
        except ValueError:
            raise ImproperlyConfigured(f"{name} can't be read. Write a URL such as https://sms.example.") from None
        return parts

    def networks(self, name: str, default: str = "", *, without: str = "") -> list[Network]:
        try:
            found = [ipaddress.ip_network(word, strict=False) for word in self.words(name, default) if word != without]
        except ValueError as error:
            words = f"{name}: {error}. Write networks such as 10.0.0.0/8, comma separated."
            raise ImproperlyConfigured(words) from error
        return [_unmapped(network) for network in found]

    def neighbours(self, name: str) -> Neighbours:
        try:
            return Neighbours.parse(self.words(name))
        except ValueError as error:
            form = "Write hosts, host:port or private networks, comma separated: smsbox:13013, 10.1.2.0/24."
            raise ImproperlyConfigured(f"{name}: {error}. {form}") from error

    def required(self, name: str) -> str:
        """The value. Raises ImproperlyConfigured with the file, and whether the name is missing or empty."""
        value = self.str(name, default="")
        if value:
            return value
        state = "empty" if name in self.ENVIRON else "missing"
        raise ImproperlyConfigured(f"{name} is {state}. Set it in the environment or in {self.file}; see .env.example.")

    def database(self, name: str) -> dict[str, Any]:
        """A database URL as Django's settings. A relative SQLite path is relative to the project's folder."""
        url = self.word(name)
        scheme = url.partition(":")[0]
        if scheme not in ("sqlite", *self.POSTGRES_FAMILY[:4]) or "://" not in url:
            words = "Write postgres://user:password@host:5432/name or sqlite:///file."
            raise ImproperlyConfigured(f"{name} begins with {scheme[:20]!r}. {words}")
        return _sqlite(name, url) if scheme == "sqlite" else self._postgresql(name, url)

    def _postgresql(self, name: str, url: str) -> dict[str, Any]:
        try:
            found = self.db_url_config(url)
        except ValueError:  # its message may quote the password
            found = {}
        if not found.get("NAME"):
            form = "postgres://user:password@host:5432/name"
            raise ImproperlyConfigured(f"{name} can't be read as {form}. {ENCODED}, or use DB_HOST and its family.")
        return {**found, "HOST": unquote(found["HOST"])}  # the folder of a Unix socket is written as %2Fvar%2Frun

    def mail_server(self, name: str) -> dict[str, Any]:
        """A mail server's URL as Django's settings."""
        try:
            found = self.email_url_config(self.word(name))
        except (ValueError, ImproperlyConfigured):  # its text may quote the password
            found = {}
        if not found:
            form = "smtp+tls://user:password@host:587"
            raise ImproperlyConfigured(f"{name} can't be read as {form}. {ENCODED}.")
        return found


def _sqlite(name: str, url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.fragment or (parts.query and "=" not in parts.query):
        raise ImproperlyConfigured(f"{name} has # or ? in the file's name. Write them as %23 and %3F.")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = environ.Env.db_url_config(url)
        except (UserWarning, ValueError):
            raise ImproperlyConfigured(f"{name} names a host, and SQLite has none. {SQLITE_FORM}") from None
    if found["NAME"] != ":memory:":
        found["NAME"] = str(BASE_DIR / found["NAME"])
    elif ":memory:" not in url:  # each process would have an empty database of its own
        raise ImproperlyConfigured(f"{name} names no file. {SQLITE_FORM}")
    return found


def _unmapped(network: Network) -> Network:
    """A network of IPv4-mapped IPv6 addresses as the IPv4 network: client addresses are compared in that form."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    return ipaddress.ip_network(f"{mapped}/{network.prefixlen - 96}") if mapped and network.prefixlen >= 96 else network


def read(file: Path | None = None) -> Environment:
    """The environment, then the values of `file`, else of ENV_FILE or .env. Raises ImproperlyConfigured."""
    named = os.environ.get("ENV_FILE", "")
    path = file or Path(named or BASE_DIR / ".env")
    try:
        lines, state = parse(path.read_bytes()), ""
    except FileNotFoundError:
        lines, state = {}, " (it is not there)"
    except OSError as error:  # only root may be able to read it, and systemd may have done so
        lines, state = {}, f" (it can't be read: {error.strerror})"
    except ValueError as error:
        raise ImproperlyConfigured(f"{path}: {error}.") from None
    if state and named and not file:
        raise ImproperlyConfigured(f"ENV_FILE names {path}{state}.")
    return Environment({**lines, **os.environ}, f"{path}{state}")


def is_set(name: str) -> bool:
    """Whether it is set in the process's own environment."""
    return bool(os.environ.get(name))


def export(environment: Environment) -> None:
    """Set the file's values in the environment, for libraries that read it themselves and for child processes."""
    for name, value in environment.ENVIRON.items():
        os.environ.setdefault(name, value.replace(r"\$", "$"))


def parse(content: bytes) -> dict[str, str]:
    """The values of a file of NAME=value lines. Raises ValueError with the line's number.

    A value is everything after the `=`, with `#`, quotes and blanks. Quotes around the whole value are removed; in
    double quotes a backslash escapes `"`, `\\`, `$` and a backquote, as in the shell and in systemd.
    """
    found = {}
    for number, line in enumerate(decoded(content).split("\n"), 1):
        if not line.strip() or line.lstrip().startswith(("#", ";")):
            continue
        match = _LINE.fullmatch(line.lstrip())
        if not match:
            raise ValueError(f"line {number} is no NAME=value (no blanks around the =, comments begin with #)")
        found[match["name"]] = _unquoted(match["value"])
    return found


def _unquoted(value: str) -> str:
    match = _QUOTED.fullmatch(value)
    if not match:
        return value
    return match["single"] if match["single"] is not None else _ESCAPED.sub(r"\1", match["double"])
