"""The one search of the admin: its page answers in sentences, each with one recommended action."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from sms.admin.common import privacy
from sms.admin.common.base import typed
from sms.admin.common.page import page, require_permission
from sms.domain.text import visible
from sms.models import InboundMessage, Message, RefusedRequest
from sms.services.staff import answer_facts, search
from sms.services.staff.answers import Action, Answer
from sms.services.staff.search import Rights

LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Button:
    """`is_dialog`: the address is that of a dialog; `is_post`: that of an action without one."""

    label: Any
    address: str
    is_dialog: bool = False
    is_post: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    kind: Any
    sentence: str
    address: str
    button: Button | None
    subject: str = ""
    """The number and the request id, where the sentence does not say them."""


@require_permission("sms.view_message")
def show(request: HttpRequest) -> HttpResponse:
    """A POST request, so that no number and no text is part of a URL."""
    term = typed(request.POST.get("term", "")).replace("\0", "")[:LONGEST].strip()
    found = search.find(term, rights_of(request), actor=request.user.get_username())
    results = list(_results(request, found)) if term else []
    return page(
        request,
        "search",
        _("Search"),
        term=term,
        found=found,
        results=results,
        newest=search.NEWEST,
        fewest=search.FEWEST_LETTERS,
    )


def rights_of(request: HttpRequest) -> Rights:
    may = request.user.has_perm
    return Rights(
        numbers=may(privacy.SEE_NUMBERS),
        texts=may(privacy.REVEAL),
        shapes=may(privacy.SEE_SHAPES),
        rejected=may("sms.view_refusedrequest"),
        received=may("sms.view_inboundmessage"),
    )


def _results(request: HttpRequest, found: search.Found) -> Iterator[Result]:
    shapes = request.user.has_perm(privacy.SEE_SHAPES)
    for message in found.messages:
        number = _number_of(message)
        answer = answer_facts.answer_message(message, number, with_near=shapes)
        yield Result(_("Message"), answer.sentence, _page("message", message), _button(request, answer, message))
    for rejected in found.rejected:
        answer = answer_facts.answer_rejection(rejected, with_near=shapes)
        row = _page("refusedrequest", rejected)
        subject = " · ".join(filter(None, (privacy.number(rejected.to), visible(rejected.request_id))))
        yield Result(_("Rejected request"), answer.sentence, row, _button(request, answer, rejected), subject)
    for received in found.received:
        answer = answer_facts.answer_received(received, privacy.gateway_number)
        row = _page("inboundmessage", received)
        yield Result(_("Received SMS"), answer.sentence, row, _button(request, answer, received))


def _number_of(message: Message) -> Callable[[str], str]:
    return lambda value: privacy.number(value, message)


def _page(model: str, row: Any) -> str:
    return reverse(f"admin:sms_{model}_change", args=(row.pk,))


# --- the recommended action ------------------------------------------------------------------------


def _button(request: HttpRequest, answer: Answer, row: Any) -> Button | None:
    """The first action that this user may do."""
    for action in answer.actions:
        permission, make = BUTTONS[action]
        if request.user.has_perm(permission):
            return make(row)
    return None


def _dialog(label: Any, name: str) -> Callable[[Message], Button]:
    return lambda message: Button(label, reverse(f"admin:sms_message_{name}", args=(message.pk,)), is_dialog=True)


def _of_provider(label: Any, name: str) -> Callable[[Message], Button]:
    return lambda message: Button(
        label, reverse("admin:tools_provider_action", args=(message.provider_id, name)), is_post=True
    )


def _forward(received: InboundMessage) -> Button:
    push = getattr(received, "push", None)
    name, row = ("inboundpush_push_again", push) if push else ("inboundmessage_push_now", received)
    return Button(_("Forward"), reverse(f"admin:sms_{name}", args=(row.pk,)), is_dialog=True)


def _link(label: Any, name: str) -> Callable[[Message | RefusedRequest], Button]:
    return lambda row: Button(label, reverse(f"admin:{name}"))


BUTTONS: dict[Action, tuple[str, Callable[[Any], Button]]] = {
    Action.RESEND: ("sms.resend_message", _dialog(_("Resend"), "resend")),
    Action.MOVE: ("sms.resend_message", _dialog(_("Move"), "move")),
    Action.RESOLVE: ("sms.settle_message", _dialog(_("Resolve"), "settle")),
    Action.ASK: ("sms.settle_message", _dialog(_("Check status with vendor"), "ask")),
    Action.CANCEL: ("sms.cancel_message", _dialog(_("Cancel message"), "cancel")),
    Action.PROBE: ("sms.test_provider", _of_provider(_("Probe now"), "probe")),
    Action.RESUME: ("sms.pause_provider", _link(_("Resume the provider"), "tools_providers")),
    Action.TEMPLATE: ("sms.add_messagetemplate", _link(_("Create template"), "tools_unmatched")),
    Action.BLOCK_LIST: ("sms.view_blockednumber", _link(_("Open the block list"), "sms_blockednumber_changelist")),
    Action.ROUTE: ("sms.view_route", _link(_("Look up the route"), "tools_route_lookup")),
    Action.FORWARD: ("sms.push_again", _forward),
}
