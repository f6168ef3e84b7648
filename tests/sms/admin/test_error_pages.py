"""The admin's error pages say what happened and what to do, and show no traceback."""

from __future__ import annotations

import logging
import re

import pytest
from django.contrib.auth import get_user_model
from django.db import DataError, InterfaceError, InternalError, OperationalError
from django.test import Client
from structlog.contextvars import get_contextvars

from sms.services.monitoring import dashboard


class Listener(logging.Handler):
    """Records the request of each log line."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.request_ids: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.request_ids.append(get_contextvars().get("request_id", ""))


PAGE = '<main class="admin-error">'


@pytest.fixture
def newcomer(db) -> Client:
    """Staff without any role."""
    client = Client(raise_request_exception=False)
    client.force_login(get_user_model().objects.create_user("newcomer", is_staff=True))
    return client


def assert_told(answer, status: int, words: str) -> None:
    told = answer.content.decode()
    assert answer.status_code == status
    assert answer["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    for needed in (PAGE, words, 'href="/admin/"', 'href="/static/sms/error.css"'):
        assert needed in told
    assert "Traceback" not in told


def test_an_address_that_leads_nowhere(boss):
    assert_told(boss.get("/admin/nowhere/"), 404, "Page not found")


def test_a_page_that_is_not_for_this_role(newcomer):
    assert_told(newcomer.get("/admin/sms/message/"), 403, "have permission")


def test_a_filter_that_is_not_offered(boss):
    assert_told(boss.get("/admin/sms/message/?text__startswith=a"), 400, "is not valid")


def test_a_form_without_its_token(db):
    assert_told(Client(enforce_csrf_checks=True).post("/admin/login/"), 403, "This form has expired")


def test_too_many_wrong_passwords(db, settings):
    client = Client(REMOTE_ADDR="203.0.113.9")
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = client.post("/admin/login/", {"username": "boss", "password": "a wrong one"})
    assert_told(answer, 429, "Too many wrong passwords")


def test_an_internal_error_shows_the_request_id_of_its_log_line(boss, monkeypatch):
    def breaks() -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(dashboard, "read_dashboard", breaks)
    listener = Listener()
    monkeypatch.setattr(logging.getLogger("django.request"), "handlers", [listener])
    boss.raise_request_exception = False
    answer = boss.get("/admin/")
    assert_told(answer, 500, "Internal error")
    assert "secret" not in answer.content.decode()
    assert re.findall(r"<code>([0-9a-f]{32})</code>", answer.content.decode()) == listener.request_ids
    assert "request_id" not in get_contextvars()


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (OperationalError("the server closed the connection"), 503, "5"),
        (InterfaceError("connection already closed"), 503, "5"),
        (InternalError("read-only transaction"), 503, "5"),
        (DataError("a fault of ours"), 500, None),
        (KeyError("a fault of ours"), 500, None),
    ],
)
def test_a_database_that_is_away_is_no_fault_of_ours(error, status, retry_after, boss, monkeypatch):
    def breaks() -> None:
        raise error

    monkeypatch.setattr(dashboard, "read_dashboard", breaks)
    boss.raise_request_exception = False
    answer = boss.get("/admin/")
    assert_told(answer, status, f'<p class="status">{status}</p>')
    assert answer.headers.get("Retry-After") == retry_after
