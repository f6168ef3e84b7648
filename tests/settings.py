"""The product's settings, with keys made up for tests and nothing read from a developer's `.env`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tests.support.environment import PRODUCT

for key, value in PRODUCT.items():
    os.environ.setdefault(key, value)
os.environ.setdefault("DATABASE_URL", f"sqlite:///{Path(tempfile.gettempdir()) / 'sms-desk-never-opened.sqlite3'}")

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # staff's log-ins in tests: fast
WHITENOISE_AUTOREFRESH = True  # each test's own client would look through all static files before its first call
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, because threads and WAL behave there as they do in earnest. conftest.py sees to its end.
    DATABASES["default"]["TEST"] = {"NAME": f"{tempfile.mkdtemp(prefix='sms-desk-test-')}/test.sqlite3"}
