"""The product's settings, with keys made up for tests and nothing read from a developer's `.env`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("ENV_FILE", os.devnull)
os.environ.setdefault("SECRET_KEY", "made-up-for-tests-and-worth-nothing-outside-of-them")
os.environ.setdefault("FIELD_ENCRYPTION_KEYS", "bWFkZS11cC1mb3ItdGVzdHMtYW5kLXdvcnRobGVzcyE=")
os.environ.setdefault("ALLOW_PRIVATE_PROVIDER_HOSTS", "on")
os.environ.setdefault("DATABASE_URL", f"sqlite:///{Path(tempfile.gettempdir()) / 'sms-desk-never-opened.sqlite3'}")

from config.settings import *  # noqa: F403
from config.settings import DATABASES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # staff's log-ins in tests: fast
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, because threads and WAL behave there as they do in earnest; Django deletes it at the end.
    name = f"sms-desk-test-{os.getpid()}.sqlite3"
    DATABASES["default"]["TEST"] = {"NAME": str(Path(tempfile.gettempdir()) / name)}
