"""Settings without apps, for the generated tests of the runner: loading the apps would take most of their time."""

from __future__ import annotations

from tests.settings import *  # noqa: F403

INSTALLED_APPS: list[str] = []
