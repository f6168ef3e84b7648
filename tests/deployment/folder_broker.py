"""Celery's broker in tests: kombu's file system transport, with messages that are complete when they are found.

kombu's own creates a message's file before it writes it. A worker that reads it in between gets an empty text, and ends
(https://github.com/celery/kombu/issues/1551).
"""

from __future__ import annotations

import uuid
from pathlib import Path
from time import monotonic_ns
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

SCHEME = "folder"


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: Any, **_: Any) -> None:
        file = Path(self.data_folder_out, f"{monotonic_ns()}_{uuid.uuid4()}.{queue}.msg")
        unfinished = file.with_suffix(".unfinished")
        unfinished.write_text(dumps(payload))
        unfinished.rename(file)


class Transport(filesystem.Transport):
    Channel = Channel


TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
