"""Settings, root URLs and entry points. The only package that reads the environment."""

import gc
from typing import Any

gc.set_threshold(10_000)
"""A start makes hundreds of thousands of objects that stay.

At the default of 700, the search for garbage took a tenth of its time.
"""


def __getattr__(name: str) -> Any:
    """Gives Celery its `app` (`celery -A config`). Celery is imported only on access, so it is not a requirement."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from sms.tasks import app

    return app
