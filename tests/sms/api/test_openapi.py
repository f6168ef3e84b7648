"""The OpenAPI description: generated, committed, served, and correct."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS, reset_generator_stats
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.validation import validate_schema

from sms.api import openapi
from sms.domain.codes import TABLE
from tests.sms import cast
from tests.sms.cast import body, send
from tests.support.stack import ONE_WORKER, PASSWORD, USER, Stack

COMMITTED = Path(__file__).parents[3] / "openapi.yaml"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)


def test_it_is_clean_and_valid_openapi_3_1(written: dict[str, Any]) -> None:
    reset_generator_stats()
    validate_schema(SchemaGenerator().get_schema(request=None, public=True))
    assert not GENERATOR_STATS
    assert written["openapi"] == "3.1.0"


def test_the_committed_file_is_what_the_code_says(written: dict[str, Any]) -> None:
    assert COMMITTED.read_bytes() == OpenApiYamlRenderer().render(written), (
        "run: python manage.py spectacular --file openapi.yaml"
    )


def test_it_is_served_and_the_page_that_shows_it_stays_on_the_host(caller: Client, written: dict[str, Any]) -> None:
    assert caller.get("/schema").json() == caller.get("/schema/").json() == yaml.safe_load(COMMITTED.read_text())
    page = caller.get("/docs", headers={"accept": "application/json"})
    assert page.status_code == 200
    assert "script-src 'self';" in page["Content-Security-Policy"]
    html = page.content.decode()
    assert "http://" not in html
    assert "https://" not in html
    assert "<script>" not in html
    script = caller.get("/docs?script=")
    assert script["Content-Type"].startswith("application/javascript")
    assert '"/schema"' in script.content.decode()
    assert caller.post("/docs").status_code == caller.post("/schema").status_code == 405


def test_every_code_stands_in_it_under_its_status(written: dict[str, Any]) -> None:
    calls = [call for path in written["paths"].values() for call in path.values()]
    answers = [answer for call in calls for answer in call["responses"].items()]
    for code in TABLE:
        words = [answer["description"] for status, answer in answers if status == str(code.status)]
        assert any(f"`{code.name}`" in described for described in words), code.name
    assert written["components"]["schemas"]["Errors"] == openapi.SCHEMAS["Errors"]


def test_real_answers_are_as_described(caller: Client, written: dict[str, Any]) -> None:
    def check(name: str, value: Any) -> None:
        jsonschema.Draft202012Validator({**written, **openapi.reference(name)}).validate(value)

    send(caller, body(to=cast.TEMPLATE_TO))
    send(caller, body(isOtp=True))
    listed = caller.get("/messages", headers={"authorization": cast.basic()}).json()
    check("Messages", listed)
    check("Message", listed["results"][0])
    path, how = f"/messages/{listed['results'][0]['id']}/outcome", {"headers": {"authorization": cast.basic()}}
    check("KeptOutcome", caller.post(path, {"outcome": "used"}, content_type="application/json", **how).json())
    check("Errors", send(caller, b"").json())
    check("Errors", caller.get("/nowhere").json())


def test_schemathesis_finds_no_answer_that_is_not_described(stacks: Callable[..., Stack]) -> None:
    stack = stacks(dispatchers=0, web_words=ONE_WORKER)
    tool = Path(sys.executable).with_name("schemathesis")
    run = [tool, "run", f"{stack.url}/schema", "--auth", f"{USER}:{PASSWORD}", "--checks", CHECKS, "--no-color"]
    how = ["--max-examples", "20", "--seed", "1", "--phases", "examples,coverage,fuzzing"]
    done = subprocess.run([*run, *how], cwd=stack.folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Test cases" in done.stdout
