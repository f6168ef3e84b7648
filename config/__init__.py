"""Settings, addresses and the ways in: the only place that reads the environment."""

from typing import Any


def __getattr__(name: str) -> Any:
    """`celery -A config`: Celery asks for `app`. Nobody else does, so nobody else needs Celery."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from sms.tasks import app

    return app
