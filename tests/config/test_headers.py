"""What the browser is told with each answer, and Django's own list of what a deployment must not forget."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from django.test import Client

from tests.support.environment import process_environment
from tests.support.processes import PROJECT

MACHINES = ["/send-sms", "/messages", "/healthz", "/nowhere", "/schema", "/webhooks/x/y"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", MACHINES)
def test_machines_answers_can_run_nothing_anywhere(path: str) -> None:
    headers = Client().get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in headers


@pytest.mark.django_db
def test_the_admin_is_framed_by_nobody_and_gives_no_address_away() -> None:
    headers = Client().get("/admin/login/").headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.django_db
def test_with_an_https_url_the_admin_redirects_and_the_api_refuses_plain_http(settings: Any) -> None:
    settings.IS_HTTPS = settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 3600
    admin, api = Client().get("/admin/login/"), Client().post("/send-sms")
    assert (admin.status_code, admin["Location"]) == (301, "https://testserver/admin/login/")
    assert api.status_code == 400
    assert api["Strict-Transport-Security"] == "max-age=3600"


def test_djangos_deployment_checks_find_nothing() -> None:
    environment = process_environment(
        SECRET_KEY="made-up-for-this-test-of-many-different-letters-0123456789-abcdefgh",
        PUBLIC_URL="https://sms.example",
        TRUSTED_PROXIES="127.0.0.0/8",
        DATABASE_URL="postgres://nobody@127.0.0.1/nothing",
        ALLOW_PRIVATE_PROVIDER_HOSTS="off",
    )
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
