"""The environment that tests give to the product: keys made up, nothing from a developer's `.env`."""

from __future__ import annotations

import os

PRODUCT = {
    "ENV_FILE": os.devnull,
    "SECRET_KEY": "made-up-for-tests-and-worth-nothing-outside-of-them",
    "FIELD_ENCRYPTION_KEYS": "bWFkZS11cC1mb3ItdGVzdHMtYW5kLXdvcnRobGVzcyE=",
    "ALLOW_PRIVATE_PROVIDER_HOSTS": "on",
}
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT")


def process_environment(**more: str) -> dict[str, str]:
    """A whole environment for a process of the product: what it needs of ours, the made-up keys, and `more`."""
    own = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**own, "PYTHONUNBUFFERED": "1", **PRODUCT, **more}
