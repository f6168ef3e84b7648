"""After good calls, bad calls, failing vendors, faults and a day of work in the admin: what was planted stands nowhere.

Neither in a log, nor in what is kept about people's doings, nor in a file that the admin hands out.
"""

from __future__ import annotations

import re

from django.urls import reverse

from tests.support import leaks
from tests.support.stack import ONE_WORKER, PASSWORD, SHOP, Stack
from tests.support.staff import Staff
from tests.support.waiting import eventually

CODE = "830174"
OTP = f"Sizin təsdiq kodunuz: {CODE}. Heç kimə verməyin."
SHIPPED = "Hörmətli Gülnarə, 48213 nömrəli sifarişiniz yoldadır."
NUMBER, OTHER, BLOCKED = "+994507654321", "+40712398765", "+994509998877"
GUESS = "a-guessed-caller-password"
SECRET_WORDS = re.compile(r'^(?:password|token|key) = "([^"$]+)"', re.MULTILINE)
BOSS, CLERK = ("aysel", "a made-up pass phrase of aysel"), ("murad", "a made-up pass phrase of murad")
NEW = {"vendor's password": "a-new-accolades-password", "partner's key": "a-made-up-key-of-a-partner"}
REASON = "The customer was called."

HIRE = f"""
from django.contrib.auth.models import Group, Permission, User
boss = User.objects.create_user({BOSS[0]!r}, password={BOSS[1]!r}, is_staff=True)
boss.groups.add(Group.objects.get(name="Administrator"))
clerk = User.objects.create_user({CLERK[0]!r}, password={CLERK[1]!r}, is_staff=True)
clerk.groups.add(Group.objects.get(name="Viewer"))
clerk.user_permissions.add(Permission.objects.get(codename="export_messages"))
"""
"""The clerk may take every export, but sees no number in full and may not have a text shown."""

LEAK = f"""
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import User
from sms.models import Message, Provider
LogEntry.objects.create(user=User.objects.first(), action_flag=ADDITION, object_repr="{BLOCKED}")
Provider.history.update(history_change_reason="It is {GUESS} now")
Message.objects.update(detail="The code {CODE} to 40 712 398-765 was refused")
"""


def planted(stack: Stack) -> dict[str, str]:
    """What may stand nowhere, by a name: codes, numbers, secrets, the keys of callback addresses."""
    addresses = stack.manage("callback_urls").stdout
    keys = re.findall(r"/(?:webhooks/[\w-]+|inbound)/([\w-]{20,})", addresses)
    secrets = SECRET_WORDS.findall(SHOP)
    assert keys
    assert secrets
    return {
        "code": CODE,
        "guess": GUESS,
        "caller's password": PASSWORD,
        "a name in a text": "Gülnarə",
        **{f"number {number}": number for number in (NUMBER, OTHER, BLOCKED)},
        **{f"secret of the shop {at}": secret for at, secret in enumerate(secrets)},
        **{f"key {at}": key for at, key in enumerate(keys)},
        **{f"password of {name}": password for name, password in (BOSS, CLERK)},
        **NEW,
    }


def test_no_secret_code_or_number_gets_into_any_log_history_or_export(stacks):
    stack = stacks(web_words=ONE_WORKER, LOG_LEVEL="DEBUG")
    stack.manage("shell", "-v", "0", "-c", HIRE)
    secrets = planted(stack)
    call(stack, [value for name, value in secrets.items() if name.startswith("key")])
    secrets |= use_the_admin(stack)
    ids = wait_until_all_were_tried(stack)
    history, exports = leaks.history(stack), taken_by_the_clerk(stack, ids)
    assert_that_something_is_there(stack, history, exports)
    assert leaks.found(secrets, {**leaks.logs(stack), **history, **exports}) == []
    boss = log_in(stack, BOSS)
    seen = {name: value for name, value in secrets.items() if not name.startswith("number")}
    assert leaks.found(seen, leaks.exports(boss, "the boss", ids)) == []


def call(stack: Stack, keys: list[str]) -> None:
    """Callers and vendors: what is taken, what is refused, what goes wrong."""
    stack.vendors.smsplus.fault("hang", accepted=True)
    stack.vendors.smsplus.fault("code", code="121", match={"contains": "48213"})
    for _ in range(3):
        assert stack.send_sms(NUMBER, OTP, is_otp=True).status == 201
    assert stack.send_sms(NUMBER, SHIPPED, x_akinon_request_id="order-48213").status == 201
    assert stack.send_sms(OTHER, f"Codul este {CODE}").status == 201
    assert stack.send_sms(NUMBER, f"No template gives {CODE}").status == 422
    assert stack.call("POST", "/send-sms", b'{"from": "' + CODE.encode()).status == 400
    assert stack.call("GET", "/messages", password=GUESS).status == 401
    for key in keys[-2:]:
        stack.call("POST", f"/webhooks/etelecom/{key}", {"idOmniMess": CODE, "to": NUMBER})
        stack.call("PUT", f"/webhooks/etelecom/{key}")


def wait_until_all_were_tried(stack: Stack) -> list[str]:
    waiting = ("queued", "sending")
    eventually(lambda: all(m["status"] not in waiting for m in stack.messages()), because="all were tried")
    return [message["id"] for message in stack.messages()]


# --- the admin -----------------------------------------------------------------------------


def log_in(stack: Stack, person: tuple[str, str]) -> Staff:
    staff = Staff(stack.url)
    assert "Log out" in staff.log_in(*person)
    return staff


def use_the_admin(stack: Stack) -> dict[str, str]:
    """Everything that staff change and that leaves a trace; returns the secrets that the admin made and showed once."""
    assert "Log out" not in Staff(stack.url).log_in(BOSS[0], GUESS)
    boss = log_in(stack, BOSS)
    shown = make_secrets(boss)
    change_what_is_set_up(boss)
    act_on_messages(stack, boss)
    block_a_number(boss)
    return shown


def make_secrets(boss: Staff) -> dict[str, str]:
    made = boss.submit("/admin/sms/apiclient/add/", username="second-shop")
    rotated = boss.post(reverse("admin:sms_apiclient_rotate", args=(2,)), hours="1", _form_submitted="on")
    found = [re.search(r'id="the-secret">([^<]+)<', page) for page in (made, rotated)]
    assert all(found)
    shown = {f"secret shown once {at}": each[1] for at, each in enumerate(found) if each}
    return shown | {"token of an invitation": invite_leyla(boss)}


def invite_leyla(boss: Staff) -> str:
    """Invite her, and let her set a password. Returns the token of the link."""
    page = boss.submit("/admin/auth/user/add/", username="leyla")
    link = re.search(r"(/admin/invitation/\w+/)([\w-]+)/", page)
    assert link
    leyla = Staff(boss.url)
    assert "Your user name is leyla" in leyla.get(f"{link[1]}{link[2]}/")
    assert "Log in" in leyla.submit(f"{link[1]}set-password/", new_password1=CLERK[1], new_password2=CLERK[1])
    return link[2]


def change_what_is_set_up(boss: Staff) -> None:
    provider = row_of(boss, "provider", "accolades-ro")
    boss.submit(provider, credential_password=NEW["vendor's password"], change_reason="The vendor gave a new one.")
    for verb in ("pause", "resume", "test"):
        boss.post(f"/admin/tools/providers/{provider.split('/')[-3]}/{verb}/", reason=REASON)
    partner = {"slug": "renter", "url": "http://127.0.0.1:9/push", "credential_key": NEW["partner's key"]}
    assert "was added" in boss.submit("/admin/sms/partner/add/", **partner)
    boss.submit(row_of(boss, "messagetemplate", "otp-vn"), body="Ma xac nhan la {code}.", save_anyway="on")


def row_of(boss: Staff, model: str, words: str) -> str:
    """The address of the row that a list shows under these words."""
    page = boss.get(f"/admin/sms/{model}/")
    link = re.search(rf'href="(/admin/sms/{model}/[^"?]+/change/)[^>]*>\s*{words}', page)
    assert link, (model, words)
    return link[1]


def act_on_messages(stack: Stack, boss: Staff) -> None:
    """Read, send again, settle and look for them; test a text."""
    by_status = lambda status: [m["id"] for m in stack.messages() if m["status"] == status]  # noqa: E731
    eventually(lambda: by_status("failed"), because="the vendor refused one")
    [failed] = by_status("failed")
    for verb in ("reveal", "resend"):
        boss.post(reverse(f"admin:sms_message_{verb}", args=(failed,)), reason=REASON, _form_submitted="on")
    assert "Gülnarə" in boss.get(f"/admin/sms/message/{failed}/change/")
    eventually(lambda: by_status("unconfirmed"), because="one call hung")
    for doubtful in by_status("unconfirmed"):
        address = reverse("admin:sms_message_settle", args=(doubtful,))
        boss.post(address, went_out="no", reason=REASON, _form_submitted="on")
    boss.get(f"/admin/sms/message/?q=%2B{NUMBER[1:]}")
    boss.post("/admin/tools/who-would-carry/", number=NUMBER)
    asked = {"client": "akinon", "sender": "AKINON", "to": NUMBER, "text": SHIPPED}
    assert "queued" in boss.post("/admin/tools/test-a-text/", **asked, send="1", confirm="yes")


def block_a_number(boss: Staff) -> None:
    boss.post("/admin/tools/block-list/", numbers=OTHER, reason=REASON)
    assert "was added" in boss.submit("/admin/sms/blockednumber/add/", phone=BLOCKED, reason=REASON)
    boss.post(row_of(boss, "blockednumber", re.escape(BLOCKED)).replace("/change/", "/delete/"), post="yes")


def taken_by_the_clerk(stack: Stack, ids: list[str]) -> leaks.Places:
    return leaks.exports(log_in(stack, CLERK), "the clerk", ids)


def assert_that_something_is_there(stack: Stack, history: leaks.Places, exports: leaks.Places) -> None:
    """The places that are searched are not empty: each doing left its trace."""
    assert "request.answered" in stack.logs()
    rows = "".join(history.values())
    for words in ("LogEntry", "HistoricalProvider", "resent", "revealed", "settled", "New secret", REASON, "renter"):
        assert words in rows, words
    assert len(exports) >= 3
    assert all(file.startswith("\ufeff") for file in exports.values())
    assert sum("order-48213" in file for file in exports.values()) == 2
    assert "otp-vn" in exports["sms_messagetemplate_export of the clerk"]


def test_the_search_finds_what_leaks(stacks):
    """In each kind of place, and a number in another spelling too."""
    stack = stacks(dispatchers=0, web_words=ONE_WORKER)
    stack.manage("shell", "-v", "0", "-c", HIRE)
    assert stack.send_sms(OTHER, "Salut").status == 201
    stack.manage("shell", "-v", "0", "-c", LEAK)
    with stack.web.log.open("a") as log:
        log.write(f"to={NUMBER[1:]}\n")
    ids = [message["id"] for message in stack.messages()]
    places = {**leaks.logs(stack), **leaks.history(stack), **taken_by_the_clerk(stack, ids)}
    assert set(leaks.found(planted(stack), places)) == {
        (f"number {NUMBER}", f"log of {stack.web.name}"),
        (f"number {BLOCKED}", "rows of LogEntry"),
        ("guess", "rows of HistoricalProvider"),
        *((name, f"{file} of the clerk") for name in ("code", f"number {OTHER}") for file in
          ("sms_message_export", "ticked messages")),
    }  # fmt: skip
