"""The demonstration's output: URLs, and commands to paste into another terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping

from .passwords import STAFF

SAMPLES = [
    (
        "A code to Azerbaijan. The vendor accepts only its approved templates; the final status is submitted:",
        {
            "from": "AKINON",
            "to": "+994501234567",
            "text": "Sizin təsdiq kodunuz: 004217. Heç kimə verməyin.",
            "isOtp": True,
        },
    ),
    (
        "Free text to Romania. The vendor reports back, and ends at sent:",
        {"from": "AKINON", "to": "+40712345678", "text": "Salut/nVezi https://shop.example/new/n11"},
    ),
    (
        "Named parameters to Vietnam. Polled and pushed, it ends at delivered:",
        {"from": "AKINON", "to": "+84901234567", "text": "Chào Linh, đơn hàng A-1042 đang được giao."},
    ),
]


RECEIVED = {"from": "Instagram", "to": "+994551234567", "text": "Your verification code is 800142"}


def welcome(url: str, caller: str, passwords: Mapping[str, str], modem_url: str) -> str:
    """`modem_url`: the URL of a gateway for received SMS, or "" without one."""
    user = f"-u {caller}:{passwords[caller]}"
    lines = [
        "",
        "DEMONSTRATION: made-up data, and vendors that are simulated on this machine. No message leaves it.",
        "",
        f"Admin:  {url}/admin/   user {STAFF}, password {passwords[STAFF]}",
        "",
        "Paste these into another terminal, as they are.",
    ]
    for words, body in SAMPLES:
        lines += ["", words, _post(user, body, url)]
    lines += ["", "Their status:", f"curl {user} {url}/messages"]
    if modem_url:
        words = "A modem hands over what a rented number received; the partner gets it (Admin, Forwards to partners):"
        lines += ["", words, f"curl -i {_json(RECEIVED)} {modem_url}"]
    return "\n".join([*lines, "", "Ctrl-C stops everything.", ""])


def _post(user: str, body: Mapping[str, object], url: str) -> str:
    return f"curl -i {user} {_json(body)} {url}/send-sms"


def _json(body: Mapping[str, object]) -> str:
    return f"-H 'Content-Type: application/json' -d '{json.dumps(body, ensure_ascii=False)}'"
