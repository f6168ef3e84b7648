"""After good calls, bad calls, failing vendors and faults: what was planted stands in no log."""

from __future__ import annotations

import re

from tests.support.stack import PASSWORD, SHOP
from tests.support.waiting import eventually

CODE = "830174"
OTP = f"Sizin təsdiq kodunuz: {CODE}. Heç kimə verməyin."
NUMBER, OTHER = "+994507654321", "+40712398765"
GUESS = "a-guessed-caller-password"
SECRET_WORDS = re.compile(r'^(?:password|token|key) = "([^"$]+)"', re.MULTILINE)


def planted(stack) -> list[str]:
    """What no log may hold: a code, numbers with and without +, the shop's secrets, the keys of callback addresses."""
    addresses = stack.manage("callback_urls").stdout
    keys = re.findall(r"/(?:webhooks/[\w-]+|inbound)/([\w-]{20,})", addresses)
    assert keys
    numbers = [number[start:] for number in (NUMBER, OTHER) for start in (0, 1)]
    return [CODE, GUESS, PASSWORD, *numbers, *SECRET_WORDS.findall(SHOP), *keys]


def test_no_secret_code_or_number_gets_into_any_log(stacks):
    stack = stacks(LOG_LEVEL="DEBUG")
    secrets = planted(stack)
    stack.vendors.smsplus.fault("hang", accepted=True)
    for _ in range(3):
        assert stack.send_sms(NUMBER, OTP, is_otp=True).status == 201
    assert stack.send_sms(OTHER, f"Codul este {CODE}").status == 201
    assert stack.send_sms(NUMBER, f"No template gives {CODE}").status == 422
    assert stack.call("POST", "/send-sms", b'{"from": "' + CODE.encode()).status == 400
    assert stack.call("GET", "/messages", password=GUESS).status == 401
    for key in secrets[-2:]:
        stack.call("POST", f"/webhooks/etelecom/{key}", {"idOmniMess": CODE, "to": NUMBER})
        stack.call("PUT", f"/webhooks/etelecom/{key}")
    waiting = ("queued", "sending")
    eventually(lambda: all(m["status"] not in waiting for m in stack.messages()), because="all were tried")
    written = stack.logs()
    assert "request.answered" in written
    assert [secret for secret in secrets if secret in written] == []
