"""For made-up tests of the runner: the product's settings without its apps, which would be most of their start."""

from __future__ import annotations

from tests.settings import *  # noqa: F403

INSTALLED_APPS: list[str] = []
