"""Reports internal errors to Sentry if its package is installed, which is not a requirement."""

from __future__ import annotations

import importlib
import sys


def start_error_reports(dsn: str) -> None:
    """Report errors to this DSN without local variables and bodies, which contain texts and numbers."""
    if not dsn:
        return
    try:
        sentry = importlib.import_module("sentry_sdk")
    except ModuleNotFoundError:
        print("SENTRY_DSN is set, but the package sentry-sdk is not installed: nothing is reported.", file=sys.stderr)  # noqa: T201
        return
    sentry.init(dsn=dsn, send_default_pii=False, include_local_variables=False, max_request_body_size="never")
