"""What the documents say is what the code holds: codes, alerts, settings, links."""

from __future__ import annotations

import re

import pytest
import yaml

from sms.domain.codes import TABLE
from sms.services.monitoring.alert_rules import NO_DISPATCHER, RULES

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
    section = read("docs/operations.md").partition("## Alerts")[2].partition("\n## ")[0]
    rules = yaml.safe_load(read("docs/alerts.rules.yml"))["groups"][0]["rules"]
    for name in [rule["alert"] for rule in rules] + [rule.key for rule in RULES] + [NO_DISPATCHER]:
        assert f"`{name}`" in section, name
    for kind in kinds_of_alerts():
        assert f"`{kind}" in section, kind


def kinds_of_alerts() -> set[str]:
    """How the keys of alerts begin: the strings of that form in the modules that open any."""
    services = [path.read_text() for path in (ROOT / "sms/services").rglob("*.py")]
    opening = "\n".join(text for text in services if "open_alert(" in text)
    found = set(re.findall(r'f"([a-z-]+:)\{', opening)) | set(re.findall(r'"([a-z]+:[a-z]+:)"', opening))
    assert {"breaker:", "config:", "push:"} <= found
    return found


@pytest.mark.parametrize("document", documents())
def test_links_to_files_of_ours_lead_somewhere(document):
    folder = (ROOT / document).parent
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", read(document)):
        assert (folder / target).exists(), target


@pytest.mark.parametrize("document", documents())
def test_files_that_are_named_are_there(document):
    # what a person makes, or what a run leaves behind
    made = {
        "shop.toml",
        ".env",
        ".demo/",
        "db.sqlite3",
        "providers/vendors/postcard.py",
        "tests/providers/test_postcard.py",
    }
    names = re.findall(r"`((?:config|docs|providers|sms|tests|templates|benchmarks)/[\w./-]+)`", read(document))
    missing = {name for name in names if not (ROOT / name).exists()} - made
    assert not missing


# --- README: the settings ---------------------------------------------------------------------------


def settings_in_readme() -> dict[str, str]:
    """Each setting's name with what it is when left out."""
    table = read("README.md").partition("\n## Settings\n")[2]
    return dict(re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \| ([^|]+) \|", table, re.MULTILINE))


def settings_in_example() -> dict[str, str]:
    """Each setting's name with the value that `.env.example` shows; only a commented one is the default."""
    found = re.findall(r"^(#?)([A-Z][A-Z0-9_]+)=(.*)$", read(".env.example"), re.MULTILINE)
    return {name: value if mark else "" for mark, name, value in found}


def test_readme_lists_every_setting_in_the_examples_order():
    assert list(settings_in_readme()) == list(settings_in_example())


def test_readme_gives_the_examples_defaults():
    shown = settings_in_readme()
    example = settings_in_example()
    quoted = {name: value.strip("`") for name, value in shown.items() if value.startswith("`")}
    assert len(quoted) > 10
    assert quoted == {name: example[name] for name in quoted}


def test_readme_leads_to_eight_files_that_are_there():
    tour = re.findall(r"^\d\. `([\w/.]+)`:", read("README.md"), re.MULTILINE)
    assert len(tour) == 8
    assert all((ROOT / name).is_file() for name in tour)


def test_readme_has_a_line_for_each_folder():
    table = read("README.md").partition("## Find your way")[2].partition("\n## ")[0]
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "_"))}
    assert all(f"`{name}/" in table for name in folders - {"staticfiles"})


def test_documents_that_comments_name_are_there():
    """With their path, such as docs/operations.md, or by the file's name alone."""
    folders = (ROOT, ROOT / "docs", ROOT / "docs/decisions", ROOT / "benchmarks")
    found = [path for folder in folders for path in folder.glob("*.md")]
    known = {path.name for path in found} | {str(path.relative_to(ROOT)) for path in found}
    for folder in ("config", "providers", "sms", "tests", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            named = set(re.findall(r"\b[\w./-]+\.md\b", path.read_text()))
            assert named <= known, (path, named - known)
