"""Starts one of Kannel's processes: `start.py bearerbox` or `start.py smsbox`. Its settings come from the environment.

They are filled into kannel.conf, which is written to a file that only this user reads. Nothing but Python is needed.
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from string import Template

REQUIRED = ("SMPP_HOST", "SMPP_USERNAME", "SMPP_PASSWORD", "KANNEL_PASSWORD")
DEFAULTS = {
    "SMPP_PORT": "2775",
    "SMPP_SYSTEM_TYPE": "VMA",
    "SMPP_THROUGHPUT": "10",
    "INTERFACE": "0.0.0.0",  # noqa: S104  # in its container
    "BEARERBOX_HOST": "bearerbox",
    "BEARERBOX_PORT": "13001",
    "SENDSMS_PORT": "13013",
    "ADMIN_PORT": "13000",
    "ALLOWED_IPS": "127.0.0.1",
    "SPOOL": "/var/spool/kannel",
    "RESEND_SECONDS": "10",
    "RECONNECT_SECONDS": "10",
}


def filled(template: str, given: Mapping[str, str]) -> str:
    """The configuration with all values. Raises ValueError for one that is missing, or that would be read as more."""
    values = {**DEFAULTS, **{name: value for name, value in given.items() if value}}
    values.setdefault("ADMIN_PASSWORD", secrets.token_urlsafe(24))
    for name in REQUIRED:
        if not values.get(name):
            raise ValueError(f"{name} is missing. Set it in .env; docs/operations.md describes it.")
    for name in (*REQUIRED, *DEFAULTS):
        _check(name, values[name])
    return Template(template).substitute(values)


def _check(name: str, value: str) -> None:
    """A line end, or a quote, would end the value."""
    if not value.isprintable() or value != value.strip() or '"' in value or "\\" in value:
        raise ValueError(f"{name} must be printable, without quotes, backslashes and blanks at its ends.")


def main(box: str) -> None:
    for folder in ("store", "reports") if box == "bearerbox" else ():
        Path(os.environ.get("SPOOL") or DEFAULTS["SPOOL"], folder).mkdir(parents=True, exist_ok=True)
    file = Path(tempfile.gettempdir(), f"{box}.conf")
    file.touch(mode=0o600)
    file.write_text(filled(Path(__file__).with_name("kannel.conf").read_text(), os.environ))
    os.execvp(box, [box, "-v", "2", str(file)])  # noqa: S606  # one of two words, without a shell


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except ValueError as error:
        sys.exit(str(error))
