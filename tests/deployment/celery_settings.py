"""The product's settings with a broker that is two folders."""

from __future__ import annotations

import os

from config.settings import *  # noqa: F403

from .folder_broker import SCHEME

_FOLDER = os.environ["TMPDIR"]
CELERY_BROKER_URL = f"{SCHEME}://"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "data_folder_in": f"{_FOLDER}/broker",
    "data_folder_out": f"{_FOLDER}/broker",
    "control_folder": f"{_FOLDER}/broker-control",
}
