"""docs/alerts.rules.yml asks for what we export, and covers what staff must hear of."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from sms.services.monitoring import prometheus
from sms.services.monitoring.metrics import OWN, PREFIX
from sms.services.monitoring.prometheus import GAUGES

FILE = Path(settings.BASE_DIR) / "docs/alerts.rules.yml"
RULES: list[dict[str, Any]] = [rule for group in yaml.safe_load(FILE.read_text())["groups"] for rule in group["rules"]]


def exported() -> dict[str, set[str]]:
    """Each series' name with its labels, the text format's own (le) included."""
    found = {f"{PREFIX}_database_up": set()} | {f"{PREFIX}_{name}": {label} - {""} for name, _, label, _ in GAUGES}
    for metric in OWN.collect():
        found |= {sample.name: set(sample.labels) for sample in metric.samples}
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_asks_for_a_series_that_is_exported(rule):
    names = re.findall(rf"\b({PREFIX}_\w+)(?:{{([^}}]*)}})?", rule["expr"])
    assert names
    for name, selector in names:
        labels = set(re.findall(r"(\w+)\s*=", selector)) | set(re.findall(r"by \((\w+)\)", rule["expr"]))
        assert labels <= exported()[name]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_says_what_is_wrong_and_what_to_do(rule):
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert rule["annotations"].keys() == {"summary", "action"}
    assert all(words.endswith(".") for words in rule["annotations"].values())


@pytest.mark.django_db
def test_the_gauges_that_rules_ask_for_have_a_value_before_anything_happened():
    text = prometheus.exposition().decode()
    for name in ("oldest_waiting_seconds", "unconfirmed_oldest_seconds", "dispatchers", "database_up"):
        assert re.search(rf"^{PREFIX}_{name}(?:{{.*}})? \d", text, re.MULTILINE), name
