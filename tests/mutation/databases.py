"""A copy of the test database for each child."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, connections

from tests.support.databases import is_postgresql
from tests.support.postgres import DatabaseServer


@contextmanager
def copied(needed: bool) -> Iterator[None]:
    """Connect to a copy of the test database from here on; nothing where no test needs one."""
    if not needed:
        yield
        return
    settings, name = connection.settings_dict, connection.settings_dict["NAME"]
    connections.close_all()
    url = os.environ.get("DATABASE_URL", "")
    if is_postgresql(url):
        server, settings["NAME"] = DatabaseServer(url), f"sms_mutation_{secrets.token_hex(6)}"
        server.create_database(settings["NAME"], template=name)
    else:
        settings["NAME"] = f"{name}-{secrets.token_hex(6)}"
        shutil.copyfile(name, settings["NAME"])
    try:
        yield
    finally:
        if is_postgresql(url):
            server.drop_database(settings["NAME"])
        else:
            for file in Path(name).parent.glob(f"{Path(settings['NAME']).name}*"):
                file.unlink()
        settings["NAME"] = name
