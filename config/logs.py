"""Log lines: one JSON object per event, without personal data and secrets.

External input is escaped, phone numbers are shortened, and tracebacks contain source locations but no values. The same
processors apply to our own lines, Django's and gunicorn's.
"""

from __future__ import annotations

import re
import sys
import traceback
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from sms.domain.phone import masked
from sms.domain.text import masked_digits, visible

_NUMBER = re.compile(r"(?<![\w#-])(?<![0-9][.:])(?:\+[0-9]{7,15}|[0-9]{9,15})(?![\w-]|[.:][0-9])")
_QUOTED = re.compile(r"""(['"]).*?(?:\1|$)""", re.DOTALL)
"""A value quoted in a Python error's message, which may be an OTP made of letters."""
_INVITATION = re.compile(r"(/invitation/[^/\s]+/)[^/\s]+")
"""The path of an invitation's link, which Django logs with errors. Its token lets anybody set the password."""
_AS_THEY_ARE = frozenset({"timestamp", "level", "request_id", "exception", "logger"})
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
FORMS = ("json", "console")
_LONGEST = 2000
_LONGEST_MESSAGE = 200


def shorten_numbers_and_escape(_: Any, __: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = visible(value) if key in _AS_THEY_ARE else safe(value)
        elif isinstance(value, Exception):
            event[key] = type(value).__name__
    return event


def safe(value: str) -> str:
    shortened = _NUMBER.sub(lambda found: masked(found[0]), value[:_LONGEST])
    return visible(_INVITATION.sub(r"\1…", shortened))


def tell_exception(_: Any, __: str, event: EventDict) -> EventDict:
    """Log an exception as source locations and types. Its message may quote input, so digits and quoted values are
    masked.
    """
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = visible("\n".join(_lines(error)))
    return event


def _lines(error: BaseException) -> list[str]:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = [*_lines(cause), "that led to"] if cause else []
    frames = [f"  {f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
    return [*before, *frames, f"{type(error).__name__}{_words(error)}"]


def _words(error: BaseException) -> str:
    """The message of an error. A database error's message may quote whole rows, so only its code is used."""
    state = getattr(error, "sqlstate", None) or getattr(error.__cause__, "sqlstate", None)
    if type(error).__module__.startswith(("psycopg", "sqlite3", "django.db")):
        return f" {state}" if state else ""
    words = _QUOTED.sub("'…'", masked_digits(str(error)))
    return f": {words[:_LONGEST_MESSAGE]}" if words else ""


SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    tell_exception,
    shorten_numbers_and_escape,
]


PROCESSORS = [structlog.stdlib.filter_by_level, *SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]
"""One list for the whole process, because a logger keeps the list of its first use even after a new configuration."""


def settings(*, level: str, form: str) -> dict[str, Any]:
    """The dictionary for `logging.config`; `form` is json or console. Points structlog at it as well."""
    renderer = structlog.dev.ConsoleRenderer() if form == "console" else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    line = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": SHARED,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    }
    # Django's own defaults put these at INFO. Not below it: at DEBUG, Django logs statements with their values.
    quiet = {"handlers": [], "propagate": True, "level": "INFO" if level == "DEBUG" else level}
    # Paths contain callback keys. With a dictionary of settings gunicorn always writes access lines: they are dropped.
    silent = {"handlers": [], "propagate": False, "level": "CRITICAL"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": line},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            **dict.fromkeys(("django", "django.server"), quiet),
            "gunicorn.error": {"handlers": [], "propagate": True, "level": level},
            "gunicorn.access": silent,
        },
    }
