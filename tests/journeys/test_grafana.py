"""The queries of docs/grafana: each gives values when a real Prometheus has scraped the product."""

from __future__ import annotations

import http.client
import json
import math
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings

from tests.journeys.test_metrics import OTP, RENTED, scrape
from tests.support.ports import free_port
from tests.support.processes import Process, http_status
from tests.support.stack import SHOP, Stack
from tests.support.waiting import eventually

PANELS: list[dict[str, Any]] = [
    panel
    for file in sorted((Path(settings.BASE_DIR) / "docs/grafana").glob("*.json"))
    for panel in json.loads(file.read_text())["panels"]
]
QUERIES = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]
SCRAPED = """
global: {{ scrape_interval: 1s }}
scrape_configs:
  - job_name: sms-desk
    static_configs: [{{ targets: ["127.0.0.1:{web}", "127.0.0.1:{dispatcher}"] }}]
"""


def test_each_panel_says_what_it_shows() -> None:
    assert QUERIES
    assert all(panel["title"] and panel["description"].endswith(".") for panel in PANELS)
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)


@dataclass(frozen=True, slots=True)
class Product:
    stack: Stack
    dispatcher: int
    """The port of its metrics."""
    gateway: str
    """Where received SMS are posted."""


def send_each_kind(product: Product, number: int) -> None:
    """Messages of each lane, a repeat, a refused call, and a received SMS."""
    stack, number = product.stack, number + 10
    stack.send_sms(f"+9945012345{number}", OTP, is_otp=True)
    for _ in range(2):
        stack.send_sms(f"+407123456{number}", "Salut", x_akinon_request_id=f"repeat-{number}")
    stack.send_sms("+12025550123", "Hello")
    received = {"from": "Instagram", "to": "79088081050", "text": f"a made-up text {number}"}
    stack.call("POST", product.gateway, received)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product at work, after a report about no attempt, which is not applied."""
    port = free_port()
    with Stack(tmp_path_factory.mktemp("grafana"), dispatchers=0, provisioning=SHOP + RENTED) as stack:
        stack.add_dispatcher("--metrics-port", str(port))
        eventually(lambda: http_status(port, "/metrics") == 200)
        addresses = json.loads(stack.manage("callback_urls").stdout)
        webhook = urlsplit(addresses["providers"]["etelecom-vn"]).path
        assert stack.call("POST", webhook, {"sms_id": "unknown", "status": "delivered"}).status == 200
        made = Product(stack, port, urlsplit(addresses["gateways"]["modem-1"]).path)
        send_each_kind(made, 0)
        yield made


@pytest.mark.any_database
@pytest.mark.parametrize("query", [query for _, query in QUERIES])
def test_a_query_names_scraped_series_and_labels(product: Product, query: str) -> None:
    asked = re.findall(r"\b(sms_desk_\w+)(?:{([^}]*)})?", query)
    grouped = {label for labels in re.findall(r"by \(([^)]*)\)", query) for label in re.split(r",\s*", labels)}
    assert asked
    for name, selector in asked:
        wanted = grouped | set(re.findall(r"(\w+)\s*!?=", selector))
        eventually(partial(has_labels, product, name, wanted), because=name)


def has_labels(product: Product, name: str, wanted: set[str]) -> bool:
    """Whether the series is scraped with these labels."""
    scraped = [each for port in (product.stack.port, product.dispatcher) for each in scrape(port)]
    series = [each for each in scraped if re.match(rf"{name}({{|$)", each)]
    return bool(series) and wanted <= {label for each in series for label in re.findall(r"(\w+)=", each)}


@pytest.mark.any_database
@pytest.mark.skipif(shutil.which("prometheus") is None, reason="Prometheus is not installed")
def test_each_query_gives_values_in_a_real_prometheus(product: Product, tmp_path: Path) -> None:
    port = start_prometheus(product, tmp_path)
    missing, numbers = [query for _, query in QUERIES], count(1)

    def all_have_values() -> bool:
        send_each_kind(product, next(numbers) % 80)
        missing[:] = [query for query in missing if not values(port, query)]
        assert missing == []
        return True

    eventually(all_have_values)


def start_prometheus(product: Product, folder: Path) -> int:
    """A Prometheus that scrapes web processes and dispatcher each second; its port."""
    file, port = folder / "prometheus.yml", free_port()
    file.write_text(SCRAPED.format(web=product.stack.port, dispatcher=product.dispatcher))
    command = ["prometheus", f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}"]
    command.append(f"--web.listen-address=127.0.0.1:{port}")
    prometheus = product.stack.keep(
        Process("prometheus", command, environment=product.stack.environment, folder=folder)
    )
    prometheus.start(lambda: http_status(port, "/-/ready") == 200)
    return port


def values(port: int, query: str) -> list[float]:
    """The finite values of a query now, with an interval for rates as Grafana would fill it in."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", f"/api/v1/query?query={quote(query.replace('$__rate_interval', '1m'))}")
        answer = json.load(connection.getresponse())
    finally:
        connection.close()
    assert answer["status"] == "success", (query, answer)
    found = (float(series["value"][1]) for series in answer["data"]["result"])
    return [value for value in found if math.isfinite(value)]
