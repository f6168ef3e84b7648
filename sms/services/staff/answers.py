"""One sentence about a message, a rejected request or a received SMS, and the recommended actions.

Pure: times, numbers and causes come as the texts that are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from sms.domain.codes import BY_NAME
from sms.domain.lifecycle import Status
from sms.translation import translated


class Action(StrEnum):
    RESEND = "resend"
    RESOLVE = "resolve"
    CANCEL = "cancel"
    MOVE = "move"
    ASK = "ask"
    PROBE = "probe"
    RESUME = "resume"
    TEMPLATE = "template"
    BLOCK_LIST = "block list"
    ROUTE = "route"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True)
class Answer:
    """`actions` are in order of preference: the first one that the reader may do is recommended."""

    sentence: str
    actions: tuple[Action, ...] = ()


class ProviderState(StrEnum):
    SENDING = "sending"
    SUSPENDED = "suspended"
    PAUSED = "paused"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """`at` is when the message got its status, `cause` why it failed, or why it is held although a template gives its
    text; `near` the nearest template of a held one."""

    status: Status
    to: str
    at: str
    provider: str = ""
    provider_state: ProviderState = ProviderState.SENDING
    since: str = ""
    waiting_for: str = ""
    due: str = ""
    attempts: int = 0
    cause: str = ""
    near: str = ""
    in_doubt: bool = False
    can_resend: bool = False
    can_ask: bool = False
    is_last_report: bool = False
    has_dispatcher: bool = True

    @property
    def words(self) -> dict[str, str | int]:
        return {name: getattr(self, name) for name in ("to", "at", "provider", "since", "due", "attempts")} | {
            "cause": self.cause.rstrip(".")
        }

    @property
    def resend(self) -> tuple[Action, ...]:
        return (Action.RESEND,) if self.can_resend else ()

    @property
    def ask(self) -> tuple[Action, ...]:
        return (Action.ASK,) if self.can_ask else ()


def of_message(facts: MessageFacts) -> Answer:
    return _OF_STATUS[facts.status](facts)


def _queued(facts: MessageFacts) -> Answer:
    if not facts.has_dispatcher:
        return Answer(_("Waiting: no dispatcher is running, so nothing is sent."))
    if facts.provider_state is ProviderState.SUSPENDED:
        return Answer(
            _("Waiting: %(provider)s is suspended since %(since)s.") % facts.words, (Action.PROBE, Action.MOVE)
        )
    if facts.provider_state is ProviderState.PAUSED:
        return Answer(_("Waiting: %(provider)s is paused by staff.") % facts.words, (Action.RESUME, Action.MOVE))
    if facts.provider_state is ProviderState.DISABLED:
        return Answer(_("Waiting: %(provider)s is disabled.") % facts.words, (Action.MOVE, Action.CANCEL))
    if facts.waiting_for:
        reason = capfirst(translated(facts.waiting_for)).rstrip(".")
        return Answer(f"{reason}.", (Action.MOVE, Action.CANCEL))
    if facts.attempts and facts.cause:
        words = _("Waiting: attempt %(attempts)s failed (%(cause)s); %(provider)s is tried at %(due)s.")
        return Answer(words % facts.words, (Action.MOVE, Action.CANCEL))
    return Answer(_("Waiting in the queue of %(provider)s; it is due at %(due)s.") % facts.words, (Action.CANCEL,))


def _held(facts: MessageFacts) -> Answer:
    if facts.in_doubt:
        return Answer(_("Held: it may have been sent since the backup that was restored."), (Action.CANCEL,))
    if facts.cause:
        return Answer(_("Held: %(cause)s.") % facts.words, (Action.CANCEL,))
    actions = (Action.TEMPLATE, Action.CANCEL)
    if facts.near:
        return Answer(_("Held: no approved template; nearest is %(near)s.") % {"near": facts.near.rstrip(".")}, actions)
    return Answer(_("Held: no approved template gives its text."), actions)


def _sending(facts: MessageFacts) -> Answer:
    return Answer(_("Being sent to %(to)s by %(provider)s since %(at)s.") % facts.words)


def _unconfirmed(facts: MessageFacts) -> Answer:
    if not facts.cause:
        words = _("Unconfirmed: it may have been sent to %(to)s by %(provider)s at %(at)s.")
    else:
        words = _("Unconfirmed: it may have been sent to %(to)s by %(provider)s at %(at)s (%(cause)s).")
    return Answer(words % facts.words, (*facts.ask, Action.RESOLVE))


def _submitted(facts: MessageFacts) -> Answer:
    if facts.is_last_report:
        words = _("Accepted for %(to)s at %(at)s by %(provider)s, which reports no delivery.")
        return Answer(words % facts.words)
    words = _("Accepted for %(to)s at %(at)s by %(provider)s; no delivery report yet.")
    return Answer(words % facts.words, facts.ask)


def _sent(facts: MessageFacts) -> Answer:
    if facts.is_last_report:
        words = _("Sent to %(to)s at %(at)s by %(provider)s, which reports no delivery.")
        return Answer(words % facts.words)
    words = _("Sent to %(to)s at %(at)s by %(provider)s; its delivery is not reported yet.")
    return Answer(words % facts.words, facts.ask)


def _delivered(facts: MessageFacts) -> Answer:
    return Answer(_("Delivered to %(to)s at %(at)s by %(provider)s.") % facts.words)


def _undelivered(facts: MessageFacts) -> Answer:
    if not facts.cause:
        return Answer(_("Not delivered to %(to)s, as %(provider)s reported at %(at)s.") % facts.words, facts.resend)
    words = _("Not delivered to %(to)s, as %(provider)s reported at %(at)s: %(cause)s.")
    return Answer(words % facts.words, facts.resend)


def _failed(facts: MessageFacts) -> Answer:
    words = _("Not sent to %(to)s at %(at)s: %(cause)s.") if facts.cause else _("Not sent to %(to)s at %(at)s.")
    return Answer(words % facts.words, facts.resend)


def _expired(facts: MessageFacts) -> Answer:
    return Answer(_("Not sent to %(to)s: its time to live ended at %(at)s.") % facts.words, facts.resend)


def _canceled(facts: MessageFacts) -> Answer:
    return Answer(_("Not sent to %(to)s: staff canceled it at %(at)s.") % facts.words)


_OF_STATUS: Mapping[Status, Callable[[MessageFacts], Answer]] = {
    Status.QUEUED: _queued,
    Status.HELD: _held,
    Status.SENDING: _sending,
    Status.UNCONFIRMED: _unconfirmed,
    Status.SUBMITTED: _submitted,
    Status.SENT: _sent,
    Status.DELIVERED: _delivered,
    Status.UNDELIVERED: _undelivered,
    Status.FAILED: _failed,
    Status.EXPIRED: _expired,
    Status.CANCELED: _canceled,
}


# --- what is not a message -----------------------------------------------------------------------

_REMEDY_OF_CODE = {
    "template_not_matched": Action.TEMPLATE,
    "recipient_blocked": Action.BLOCK_LIST,
    "no_route": Action.ROUTE,
    "destination_not_allowed": Action.ROUTE,
}


def of_rejection(code: str, *, at: str, near: str = "") -> Answer:
    """A request that was not accepted; `near` is the nearest template and the first difference."""
    reason = _("no approved template") if code == "template_not_matched" else _message_of(code)
    words = {"at": at, "reason": reason, "near": near.rstrip(".")}
    actions = (_REMEDY_OF_CODE[code],) if code in _REMEDY_OF_CODE else ()
    if near:
        return Answer(_("Not accepted at %(at)s: %(reason)s; nearest is %(near)s.") % words, actions)
    return Answer(_("Not accepted at %(at)s: %(reason)s.") % words, actions)


def _message_of(code: str) -> str:
    message = translated(BY_NAME[code].message).rstrip(".") if code in BY_NAME else code
    return message[:1].lower() + message[1:]


@dataclass(frozen=True, slots=True)
class ReceivedFacts:
    """`forward` is the state of the forward to the partner, "" if there is none; `cause` why it was not forwarded."""

    sender: str
    to: str
    at: str
    partner: str = ""
    forward: str = ""
    cause: str = ""


def of_received(facts: ReceivedFacts) -> Answer:
    words = {name: getattr(facts, name) for name in ReceivedFacts.__slots__} | {"cause": facts.cause.rstrip(".")}
    if facts.forward == "delivered":
        return Answer(_("Received from %(sender)s on %(to)s at %(at)s and forwarded to %(partner)s.") % words)
    if facts.forward in ("waiting", "pushing"):
        return Answer(_("Received from %(sender)s on %(to)s at %(at)s; the forward to %(partner)s waits.") % words)
    if facts.forward:
        text = _("Received from %(sender)s on %(to)s at %(at)s, but %(partner)s did not accept it (%(cause)s).")
        return Answer(text % words, (Action.FORWARD,))
    if facts.cause:
        text = _("Received from %(sender)s on %(to)s at %(at)s and not forwarded: %(cause)s.")
        return Answer(text % words, (Action.FORWARD,))
    return Answer(_("Received from %(sender)s on %(to)s at %(at)s and not forwarded.") % words, (Action.FORWARD,))
