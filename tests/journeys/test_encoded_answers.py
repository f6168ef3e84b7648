"""Vendors whose servers compress, write code pages, or announce their answer: it counts, and is kept legibly."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from tests.support.stack import ONE_WORKER, Stack
from tests.support.waiting import eventually

OTP = "Sizin təsdiq kodunuz: 004217. Heç kimə verməyin."
SHAPES: list[dict[str, Any]] = [
    {"coding": "gzip"},
    {"coding": "raw_deflate"},
    {"coding": "gzip", "declared": False},
    {"charset": "windows-1254"},
    {"charset": "windows-1254", "declared": False},
    {"charset": "utf-16"},
    {"interim": 103},
    {"coding": "gzip", "charset": "iso-8859-9", "interim": 102},
]
TO = {"smsplus": "+9945012345{:02}", "accolades": "+407123456{:02}"}
TEXTS = {"smsplus": OTP, "accolades": "Codul este 0042. Gönderildi."}
UNAUTHORIZED = {"fault": "answer", "status": 401, "json": {"title": "Unauthorized", "status": 401}}
KEPT = """
import json
from sms.models import Alert, Attempt
rows = Attempt.objects.values_list("provider__slug", "outcome", "code", "raw_response")
print(json.dumps({"attempts": list(rows), "alerts": list(Alert.objects.values_list("key", flat=True))}))
"""


def test_an_answer_counts_however_a_vendor_encodes_it(stacks):
    stack = stacks(web_words=ONE_WORKER)
    for vendor in TO:
        for number, shape in enumerate(SHAPES):
            send(stack, vendor, number, {"fault": "encoded", "callbacks": "never", **shape})
    eventually(lambda: statuses(stack) == {"submitted": 2 * len(SHAPES)}, because="all were taken")

    send(stack, "accolades", 90, {"fault": "encoded", "callbacks": "never", "coding": "half_gzip"})
    eventually(lambda: statuses(stack)["unconfirmed"] == 1, because="half an answer leaves a doubt")
    send(stack, "smsplus", 91, {"fault": "encoded", "accepted": False, "code": "119", "charset": "windows-1254"})
    eventually(lambda: "breaker:smsplus-az" in kept(stack)["alerts"], because="an empty balance is no doubt")

    attempts = kept(stack)["attempts"]
    codes = Counter((slug, outcome, code) for slug, outcome, code, _ in attempts)
    assert codes["smsplus-az", "misconfigured", "119"] == 1
    assert codes["accolades-ro", "unconfirmed", "http-200"] == 1
    readable = [raw for slug, outcome, _, raw in attempts if (slug, outcome) == ("accolades-ro", "accepted")]
    assert len(readable) == len(SHAPES)
    assert all('"type": "ok"' in raw for raw in readable)


def test_a_refused_login_in_json_is_a_fault_of_the_account(stacks):
    stack = stacks(web_words=ONE_WORKER)
    stack.vendors.etelecom.faults({**UNAUTHORIZED, "times": 0})
    assert stack.send_sms("+84901234567", "Ma xac nhan cua ban la 004217.").status == 201
    eventually(lambda: "breaker:etelecom-vn" in kept(stack)["alerts"], because="staff must act")
    assert statuses(stack) == {"queued": 1}


def send(stack: Stack, vendor: str, number: int, fault: dict[str, Any]) -> None:
    """One message, whose answer comes as the fault says."""
    to = TO[vendor].format(number)
    getattr(stack.vendors, vendor).faults({**fault, "match": {"phone": to}})
    assert stack.send_sms(to, TEXTS[vendor], is_otp=vendor == "smsplus").status == 201


def statuses(stack: Stack) -> Counter[str]:
    return Counter(message["status"] for message in stack.messages("limit=100"))


def kept(stack: Stack) -> dict[str, Any]:
    return json.loads(stack.manage("shell", "-v", "0", "-c", KEPT).stdout)
