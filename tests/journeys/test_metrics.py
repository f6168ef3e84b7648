"""Every metric is there to be scraped after messages went their ways, over several processes."""

from __future__ import annotations

import http.client
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sms.services.monitoring.metrics import OWN, PREFIX
from sms.services.monitoring.prometheus import GAUGES
from tests.support.ports import free_port
from tests.support.stack import ONE_WORKER, SHOP
from tests.support.waiting import eventually

RENTED = """
[[partners]]
slug = "onlinesim"
vendor = "onlinesim"
url = "$onlinesim/v1/PUSH_SMS_RENT"
[partners.credentials]
key = "demo-onlinesim-key"

[[rented_numbers]]
phone = "+79088081050"
operation_id = 355
partner = "onlinesim"

[[inbound_gateways]]
slug = "modem-1"
"""
OTP = "Sizin təsdiq kodunuz: 004217. Heç kimə verməyin."


def scrape(port: int) -> dict[str, float]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        assert answer.status == 200
        lines = [line for line in answer.read().decode().splitlines() if not line.startswith("#")]
    finally:
        connection.close()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_every_metric_is_scraped_after_a_journey(stacks):
    stack = stacks(dispatchers=0, web_words=("-w", "3"), provisioning=SHOP + RENTED)
    port = free_port()
    stack.add_dispatcher("--metrics-port", str(port))
    for number in range(12):  # so many that more than one of the three workers counts some
        assert stack.send_sms(f"+9945012345{number:02}", OTP, is_otp=True).status == 201
    stack.send_sms("+40712345678", "Salut and/not")
    assert stack.send_sms("+12025550123", "Hello").status == 422
    gateway = json.loads(stack.manage("callback_urls").stdout)["gateways"]["modem-1"]
    received = {"from": "Instagram", "to": "79088081050", "text": "a made-up text"}
    assert stack.call("POST", urlsplit(gateway).path, received).status == 200
    eventually(lambda: scrape(port).get('sms_desk_pushes_total{outcome="delivered",partner="onlinesim"}') == 1)

    eventually(
        lambda: all(m["status"] not in ("queued", "sending", "submitted") for m in stack.messages("to=40712345678"))
    )
    eventually(lambda: all(m["status"] == "submitted" for m in stack.messages() if m["is_otp"]))
    own = eventually(lambda: scrape(port))
    web = eventually(lambda: (found := scrape(stack.port))["sms_desk_dispatchers"] and found)

    assert web['sms_desk_accepted_total{lane="otp"}'] == 12
    assert web['sms_desk_accepted_total{lane="other"}'] == 1
    assert web['sms_desk_refused_total{code="no_route"}'] == 1
    assert own['sms_desk_reports_total{provider="accolades-ro",result="applied"}'] == 1
    assert own['sms_desk_attempts_total{outcome="accepted",provider="smsplus-az"}'] == 12
    assert own['sms_desk_accepted_to_vendor_seconds_count{lane="otp"}'] == 12

    named = {metric.name for metric in OWN.collect()} | {f"{PREFIX}_{name}" for name, *_ in GAUGES}
    seen = {re.sub(r"(_total|_count|_sum|_bucket|_created)?({.*)?$", "", name) for name in (*own, *web)}
    assert named <= seen


@pytest.mark.any_database
def test_the_counters_folder_goes_with_the_web_side(stacks, tmp_path: Path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    stack = stacks(dispatchers=0, web_words=ONE_WORKER, TMPDIR=str(folder))
    assert [found.name[:17] for found in folder.iterdir() if found.is_dir()] == ["sms-desk-counters"]
    assert stack.web.stop() == 0
    assert not [found for found in folder.iterdir() if found.is_dir()]
