"""What a log line says, and what it never says."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from logging.config import dictConfig
from typing import Any

import pytest
import structlog
from django.conf import settings as product
from django.db import DataError, IntegrityError
from structlog.contextvars import bound_contextvars

from config import logs

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What was logged so far, as JSON."""
    stream = StringIO()
    wanted = logs.settings(level="INFO", form="json")
    wanted["handlers"]["stderr"]["stream"] = stream
    dictConfig(wanted)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    dictConfig(product.LOGGING)


def test_a_line_is_one_json_object_with_the_request_id(lines: Lines) -> None:
    with bound_contextvars(request_id="r-1"):
        structlog.get_logger("sms.x").info("message.accepted", segments=2)
        logging.getLogger("django.request").warning("Not found: %s", "x")
    ours, djangos = lines()
    assert ours.pop("timestamp").endswith("Z")
    assert ours == {
        "event": "message.accepted", "segments": 2, "request_id": "r-1", "level": "info", "logger": "sms.x",
    }  # fmt: skip
    assert (djangos["event"], djangos["request_id"], djangos["level"]) == ("Not found: x", "r-1", "warning")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("+994501234567", "+994•••••••67"),
        ("to +994501234567.", "to +994•••••••67."),
        ("Not Found: /admin/invitation/Mg/d1-0a1b", "Not Found: /admin/invitation/Mg/…"),
        (
            "Internal Server Error: /sms/admin/invitation/Mg/d1-0a1b/",
            "Internal Server Error: /sms/admin/invitation/Mg/…/",
        ),
        ("994501234567", "••••••••••67"),
        ("id=994501234567&x", "id=••••••••••67&x"),
        ("2026-11-20 11:20:30.123456", "2026-11-20 11:20:30.123456"),
        ("0192f0c1-7e1a-7000-8000-123456789012", "0192f0c1-7e1a-7000-8000-123456789012"),
        ("a\r\nlevel=info", "a\\u000d\nlevel=info"),
        ("\u202egnp", "\\u202egnp"),
        ("\x1b[31mred", "\\u001b[31mred"),
    ],
)
def test_numbers_are_shortened_and_what_is_odd_is_escaped(lines: Lines, value: str, shown: str) -> None:
    structlog.get_logger("sms.x").info("seen", value=value)
    logging.getLogger("other").info(value)
    ours, others = lines()
    assert ours["value"] == shown
    assert others["event"] == shown


def test_an_exception_is_told_by_places_and_types_without_values(lines: Lines) -> None:
    secret = "made-up-secret-of-a-local-variable"
    try:
        try:
            raise KeyError("the code is 004217")
        except KeyError as error:
            raise RuntimeError("for +994501234567") from error
    except RuntimeError:
        structlog.get_logger("sms.x").exception("failed")
        logging.getLogger("other").exception("failed")
    for line in lines():
        told = line["exception"]
        assert "test_logs.py" in told
        assert "KeyError" in told
        assert "RuntimeError" in told
        for hidden in (secret, "004217", "501234567"):
            assert hidden not in json.dumps(line)


@pytest.mark.parametrize("kind", [IntegrityError, DataError])
def test_a_database_errors_message_is_left_out_because_it_quotes_rows(lines: Lines, kind: type[Exception]) -> None:
    try:
        raise kind("Failing row contains (Your code is 004217, Aysel)")
    except kind:
        structlog.get_logger("sms.x").exception("failed")
    (line,) = lines()
    assert "Aysel" not in json.dumps(line)
    assert kind.__name__ in line["exception"]


def test_the_console_form_has_no_local_variables_either(capsys: pytest.CaptureFixture[str]) -> None:
    stream = StringIO()
    wanted = logs.settings(level="INFO", form="console")
    wanted["handlers"]["stderr"]["stream"] = stream
    dictConfig(wanted)
    secret = "made-up-secret-of-a-local-variable"
    try:
        raise RuntimeError("x")
    except RuntimeError:
        structlog.get_logger("sms.x").exception("failed")
    dictConfig(product.LOGGING)
    assert secret not in stream.getvalue()
    assert "RuntimeError" in stream.getvalue()


@pytest.mark.parametrize(
    "fault",
    [KeyError("WOLFRAM"), ValueError("invalid literal for int(): 'WOLFRAM'"), ValueError('cut off: "WOLFRAM')],
)
def test_what_an_error_quotes_is_left_out(lines: Lines, fault: Exception) -> None:
    try:
        raise fault
    except Exception:
        structlog.get_logger("sms").exception("it.failed")
    written = json.dumps(lines())
    assert type(fault).__name__ in written
    assert "WOLFRAM" not in written
