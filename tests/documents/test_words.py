"""What the documents say is what the code holds: codes, alerts, settings, links."""

from __future__ import annotations

import re

import pytest
import yaml

from sms.domain.codes import TABLE
from sms.services.lookout import NO_DISPATCHER, RULES

from .blocks import ROOT, documents


def read(name: str) -> str:
    return (ROOT / name).read_text()


@pytest.mark.parametrize("code", TABLE, ids=lambda code: code.name)
def test_the_platforms_page_lists_each_code_with_its_example(code):
    example = code.example.replace("|", "\\|")
    assert f"| {code.status} | `{code.name}` | `{example}` |" in read("docs/akinon.md")


def test_the_platforms_page_lists_no_code_that_is_none():
    listed = re.findall(r"^\| \d{3} \| `(\w+)` \|", read("docs/akinon.md"), re.MULTILINE)
    assert listed == [code.name for code in TABLE]


def test_operations_says_what_to_do_about_each_alert():
    section = read("docs/operations.md").partition("## When an alert comes")[2].partition("\n## ")[0]
    rules = yaml.safe_load(read("docs/alerts.rules.yml"))["groups"][0]["rules"]
    for name in [rule["alert"] for rule in rules] + [rule.key for rule in RULES] + [NO_DISPATCHER]:
        assert f"`{name}`" in section, name
    code = "\n".join(path.read_text() for path in (ROOT / "sms").rglob("*.py"))
    opened = set(re.findall(r'f?"([a-z-]+):\{[^"]*"', "\n".join(re.findall(r"open_alert\(\s*(f?\"[^\"]+\")", code))))
    for kind in opened | {"breaker", "push"}:
        assert f"`{kind}:" in section, kind


@pytest.mark.parametrize("document", documents())
def test_links_to_files_of_ours_lead_somewhere(document):
    folder = (ROOT / document).parent
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", read(document)):
        assert (folder / target).exists(), target


@pytest.mark.parametrize("document", documents())
def test_files_that_are_named_are_there(document):
    # what a person makes, or what a run leaves behind
    made = {"shop.toml", ".env", ".demo/", "db.sqlite3", "providers/postcard.py", "tests/providers/test_postcard.py"}
    names = re.findall(r"`((?:config|docs|providers|sms|tests|templates|benchmarks)/[\w./-]+)`", read(document))
    missing = {name for name in names if not (ROOT / name).exists()} - made
    assert not missing
