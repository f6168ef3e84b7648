"""The admin's search: finds messages, rejected requests and received SMS by an id, a number or part of a text.

Identifiers are looked up by index. The last digits of a number and parts of a text are searched only in the newest
rows. Data that the reader may not see is not searched, so that nobody can confirm a guess.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog
from django.db.models import Model, Prefetch, Q, QuerySet

from sms.domain.phone import PhoneError
from sms.domain.text import masked_digits
from sms.domain.typed_phone import NationalNumber, read
from sms.models import Attempt, InboundGateway, InboundMessage, Message, RefusedRequest

log = structlog.get_logger(__name__)

MOST = 10
"""The maximum number of results of each kind."""
NEWEST = 20_000
"""How many of the newest rows are searched for the last digits of a number or part of a text."""
FEWEST_DIGITS = 4
FEWEST_LETTERS = 6
_ATTEMPTS = Prefetch("attempts", Attempt.objects.select_related("provider").defer("provider__credentials"))
_AROUND = " \t\r\n\"'`<>{}()[],;"
_URN = re.compile(r"(?i)\A(?:urn:)?(?:uuid:)?")
_SUFFIX = re.compile(r"[.…*•xX\s-]*(?!00[0-9]{7})([0-9]{4,14})")
"""Not the international prefix 00 with a whole number."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What the reader may see, and so may search."""

    numbers: bool = False
    texts: bool = False
    shapes: bool = False
    rejected: bool = False
    received: bool = False


@dataclass(slots=True)
class Found:
    """The newest of each kind.

    `needs_numbers`: the reader's role may not search for numbers, and this is one. `needs_letters`: the term is too
    short to be searched as part of a text.
    """

    messages: list[Message] = field(default_factory=list)
    rejected: list[RefusedRequest] = field(default_factory=list)
    received: list[InboundMessage] = field(default_factory=list)
    needs_numbers: bool = False
    needs_country: bool = False
    needs_letters: bool = False

    def __bool__(self) -> bool:
        return bool(self.messages or self.rejected or self.received)


def find(term: str, rights: Rights, *, actor: str = "") -> Found:
    """The rows that the term identifies, by the first of these that finds any: ids, a number, its end, a text."""
    term = term.strip()
    found = _by_id(term.strip(_AROUND), rights)
    if found or not term:
        return found
    number, digits = _number(term)
    if number or digits:
        if not rights.numbers:
            return Found(needs_numbers=True)
        found = _by_number(number, rights) if number else Found()
        if not found and digits:
            found = _by_last_digits(digits, rights)
            found.needs_country = not found and len(digits) >= 7
        if found:
            return found
    if len(term) < FEWEST_LETTERS:
        found.needs_letters = rights.texts and not digits
        return found
    return _by_text(term, rights, actor) or found


# --- ids --------------------------------------------------------------------------------------


def _by_id(term: str, rights: Rights) -> Found:
    if not term:
        return Found()
    bounds = id_bounds(term)
    of_range = Q(id__range=bounds) if bounds else Q(pk__in=())
    messages = _first(
        Message.objects.filter(of_range),
        Message.objects.filter(request_id=term),
        Message.objects.filter(id__in=_message_ids(term, of_range)),
    )
    return Found(messages, _rejected(Q(request_id=term), rights), _received(_received_id(term, of_range), rights))


def _first(*searches: QuerySet[Message]) -> list[Message]:
    return next((rows for search in searches if (rows := list(_whole(search)))), [])


def _whole(messages: QuerySet[Message]) -> QuerySet[Message]:
    joined = messages.select_related("provider__state", "client").prefetch_related(_ATTEMPTS)
    return joined.defer("provider__credentials", "raw_text").order_by("-id")[:MOST]


def _message_ids(term: str, of_range: Q) -> Iterable[uuid.UUID]:
    """By the vendor's id, or by ours of an attempt, which the vendor knows as the reference."""
    spellings = {term, term.upper(), term.lower()}
    attempts = Attempt.objects.filter(vendor_message_id__in=spellings).order_by("-id")[:MOST]
    found = [attempt.message_id for attempt in attempts]
    return found or list(Attempt.objects.filter(of_range).values_list("message_id", flat=True)[:MOST])


def id_bounds(term: str) -> tuple[uuid.UUID, uuid.UUID] | None:
    """The first and last id that start with these hexadecimal digits (at least eight); dashes and case don't matter."""
    digits = re.sub(r"[\s‐‑‒–—-]", "", _URN.sub("", term, count=1)).lower()
    if not 8 <= len(digits) <= 32 or set(digits) - set("0123456789abcdef"):
        return None
    return uuid.UUID(digits.ljust(32, "0")), uuid.UUID(digits.ljust(32, "f"))


def _received_id(term: str, of_range: Q) -> Q:
    gateways = list(InboundGateway.objects.values_list("pk", flat=True))
    return of_range | Q(gateway__in=gateways, gateway_message_id=term)


def _rejected(wanted: Q, rights: Rights) -> list[RefusedRequest]:
    if not rights.rejected:
        return []
    return list(RefusedRequest.objects.filter(wanted).select_related("client").order_by("-id")[:MOST])


def _received(wanted: Q, rights: Rights) -> list[InboundMessage]:
    if not rights.received:
        return []
    return list(InboundMessage.objects.filter(wanted).select_related("push__partner").order_by("-id")[:MOST])


# --- numbers ---------------------------------------------------------------------------------------


def _number(term: str) -> tuple[str, str]:
    """The number in E.164 form, and its digits as typed if it may be only the end of one; "" for what it is not."""
    if suffix := _SUFFIX.fullmatch(term):
        return (f"+{suffix[1]}" if len(suffix[1]) >= 7 else ""), suffix[1]
    try:
        return read(term), ""
    except NationalNumber as national:
        digits = national.digits
        return (f"+{digits}" if 7 <= len(digits) <= 15 else ""), digits if len(digits) >= FEWEST_DIGITS else ""
    except PhoneError:
        return "", ""


def _by_number(number: str, rights: Rights) -> Found:
    received = Q(to=number) | Q(pk__in=_newest(InboundMessage).filter(sender=number).values("pk"))
    return Found(
        list(_whole(Message.objects.filter(to=number))), _rejected(Q(to=number), rights), _received(received, rights)
    )


def _by_last_digits(digits: str, rights: Rights) -> Found:
    """A national number is the end of the international one, without its leading zero."""
    end = digits.removeprefix("0") if len(digits) > FEWEST_DIGITS else digits
    wanted = Q(to__endswith=end)
    received = _newest(InboundMessage).filter(wanted | Q(sender__endswith=end)).values("pk")
    return Found(
        list(_whole(_newest(Message).filter(wanted))),
        _rejected(Q(pk__in=_newest(RefusedRequest).filter(wanted).values("pk")), rights),
        _received(Q(pk__in=received), rights),
    )


def _newest(model: type[Model]) -> QuerySet:
    """The newest rows, by the primary key."""
    oldest = model._default_manager.order_by("-pk").values_list("pk", flat=True)[NEWEST : NEWEST + 1]
    first = next(iter(oldest), None)
    return model._default_manager.filter(pk__gt=first) if first else model._default_manager.all()


# --- texts ------------------------------------------------------------------------------------------


def _by_text(term: str, rights: Rights, actor: str) -> Found:
    """Texts of one-time passwords are never searched. Digits alone find no rejected texts, where they are masked."""
    found = Found()
    if rights.texts:
        found.messages = list(_whole(_newest(Message).filter(is_otp=False, text__icontains=term)))
        log.info("search.text", actor=actor, length=len(term), found=len(found.messages))
    if rights.shapes and rights.rejected and any(map(str.isalpha, term)):
        shape = _newest(RefusedRequest).filter(shape__icontains=masked_digits(term))
        found.rejected = _rejected(Q(pk__in=shape.values("pk")), rights)
    return found
