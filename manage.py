#!/usr/bin/env python
"""Django's command line for this project. Names wrong settings without a traceback, unless --traceback is given."""

from __future__ import annotations

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import Error, connection


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, Error) as error:
        reason = str(error) if isinstance(error, ImproperlyConfigured) else database_problem(error)
        if not reason or "--traceback" in sys.argv:
            raise
        sys.exit(reason)


def database_problem(error: Error) -> str:
    """Why no command can use the database now; "" if it can, so that the error is the command's own."""
    from sms.services.monitoring.readiness import Readiness

    connection.close()
    fields = {fault.field: fault.message for fault in Readiness().problems()}
    if "database" in fields:
        return f"{fields['database']} Is DATABASE_URL right? {error}"
    return "" if "migrate" in sys.argv[1:2] else fields.get("migrations", "")


if __name__ == "__main__":
    main()
