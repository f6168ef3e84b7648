"""What an answer means. What the description does not list may have been sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from providers.answers import by_code, by_status, code_in, contradiction, text_in, text_of, words_in
from providers.base import Accepted, Failure, HttpResponse, Money, ProviderError, Sender
from providers.exchange import HIDDEN, all_spellings

from .answer_schema import Amount, Answer, Code, Condition, Source
from .trees import decode, first_at, values_at

UNLISTED = "unlisted"
"""Takes the place of a code that is not in the table and has a secret in it."""


class Read:
    """An answer with its tree."""

    def __init__(self, answer: Answer, source: Source, response: HttpResponse, sender: Sender) -> None:
        self.answer, self.response, self.sender = answer, response, sender
        self.tree = decode(source.source, text_of(response), source.split, source.rows)

    def holds_all(self, conditions: Iterable[Condition]) -> bool:
        return all(holds(each, self.tree, self.response.status) for each in conditions)

    @property
    def is_refused(self) -> bool:
        return bool(self.answer.refused_when) and self.holds_all(self.answer.refused_when)

    @property
    def code(self) -> str | None:
        """The vendor's code, or the HTTP status where the description says that it stands for one."""
        status, answer = self.response.status, self.answer
        said = code_in(first_at(self.tree, answer.code))
        says_refused = [each for each in answer.refused_when if each.path is not None]
        is_code = answer.refused_status_is_code and says_refused and self.holds_all(says_refused)
        return str(status) if said is None and (is_code or status in answer.status_is_code) else said

    def shown(self, code: str | None) -> str:
        return UNLISTED if without_secrets(code, self.sender) != (code or "") else code or ""

    def words(self) -> str:
        return words_in(without_secrets(first_at(self.tree, self.answer.words), self.sender))

    def is_accepted(self, conditions: Sequence[Condition]) -> bool:
        """Always requires a status of 2xx, and a code that is not one of a failure."""
        listed = listed_code(self.answer.codes, self.code)
        return self.response.status // 100 == 2 and listed is None and self.holds_all(conditions)

    def error(self, accepted_when: Sequence[Condition]) -> ProviderError:
        """The error for an answer that is not accepted."""
        code = self.code
        listed = listed_code(self.answer.codes, code)
        if is_marked(accepted_when, self.tree):
            shown = self.shown(code)
            return contradiction(shown or f"http-{self.response.status}", f"HTTP {self.response.status}, code {shown}")
        if code is None:
            return by_status(self.response)
        if listed is not None and listed.class_ != "repeated":
            codes = {code: (Failure(listed.class_), listed.text)}
            return by_code(codes, code, self.response, refused=self.is_refused, said=self.words())
        return by_code({}, self.shown(code), self.response, refused=self.is_refused, said=self.words())


def outcome(answer: Answer, response: HttpResponse, sender: Sender) -> Accepted:
    """Raises a ProviderError unless the vendor accepted the message, now or before."""
    read = Read(answer, answer, response, sender)
    code = read.code
    if read.is_accepted(answer.accepted_when):
        return _accepted(read, code)
    listed = listed_code(answer.codes, code)
    if listed is not None and listed.class_ == "repeated" and not is_marked(answer.accepted_when, read.tree):
        return Accepted(code=code or "", detail=listed.text, repeated=True)
    raise read.error(answer.accepted_when)


def _accepted(read: Read, code: str | None) -> Accepted:
    answer = read.answer
    ids = (
        [id for each in values_at(read.tree, answer.id or ()) if (id := plain(each, read.sender))] if answer.id else []
    )
    word = next((each.in_[0] for each in answer.accepted_when if each.in_ and not each.not_), str(read.response.status))
    return Accepted(
        vendor_id=ids[0] if ids else "",
        code=read.shown(code) or word,
        part_ids=tuple(ids) if "*" in (answer.id or ()) else (),
        balance=money(answer.balance, read.tree),
    )


def listed_code(codes: Iterable[Code], code: str | None) -> Code | None:
    """The entry for this code, else the one with the longest beginning of it."""
    begins = [each for each in codes if code is not None and _fits(each.code, code)]
    return max(begins, key=lambda each: (each.code == code, len(each.code)), default=None)


def _fits(listed: str, code: str) -> bool:
    return code == listed or (listed.endswith("*") and code.startswith(listed[:-1]))


def holds(condition: Condition, tree: Any, status: int) -> bool:
    if condition.status is not None:
        return any(each in (str(status), f"{status // 100}xx") for each in condition.status) != condition.not_
    values = values_at(tree, condition.path or ())
    if not values and condition.optional:
        return True
    return (bool(values) and all(_is_met(condition, each) for each in values)) != condition.not_


def is_marked(accepted_when: Iterable[Condition], tree: Any) -> bool:
    """Whether a part of the answer says that the message was accepted. That there is a value at all says it only
    where nothing else does."""
    marks = [each for each in accepted_when if each.path is not None and not each.not_]
    said = [each for each in marks if not each.exists] or marks
    return any(_is_met(each, value) for each in said for value in values_at(tree, each.path or ()))


def _is_met(condition: Condition, value: Any) -> bool:
    if condition.is_ is not None:
        return value is condition.is_
    said = code_in(value)
    if condition.in_ is not None:
        return said is not None and said.lower() in {each.lower() for each in condition.in_}
    return bool(text_in(value))


def plain(value: Any, sender: Sender, limit: int = 200) -> str:
    """A text of the vendor's; empty if a secret is in it."""
    text = text_in(value, limit)
    return text if without_secrets(text, sender) == text else ""


def without_secrets(value: Any, sender: Sender) -> str:
    """The text with the account's secrets hidden, in any spelling: a vendor may quote the call."""
    text = text_in(value, limit=10_000)
    for form in all_spellings(sender.secrets()):
        text = text.replace(form, HIDDEN)
    return text


def money(amount: Amount | None, tree: Any) -> Money | None:
    said = text_in(first_at(tree, amount.amount), limit=30) if amount else ""
    try:
        number = Decimal(said)
    except InvalidOperation:
        return None
    currency = text_in(first_at(tree, amount.currency), limit=3) if amount else ""
    return Money(number, currency or (amount.currency_is if amount else "")) if number.is_finite() else None
