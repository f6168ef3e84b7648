"""What answers and reports mean. What the description does not list may have been sent, or is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from providers.answers import MAX_CODE, by_code, by_status, code_in, contradiction, text_in, text_of, words_in
from providers.base import Accepted, Callback, Failure, HttpResponse, MessageState, Money, ProviderError, Report, Sender
from providers.content import decoded_text
from providers.exchange import HIDDEN, all_spellings

from .description import Amount, Answer, Code, Condition, Reading, Receipts, Source, State
from .trees import Path, bound, decode, first_at, records_at, values_at

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
        """Always requires a status of 2xx, and neither a listed code nor the mark of a refusal."""
        listed = listed_code(self.answer.codes, self.code)
        is_refused = listed is not None or self.is_refused
        return self.response.status // 100 == 2 and not is_refused and self.holds_all(conditions)

    def error(self, accepted_when: Sequence[Condition]) -> ProviderError:
        """The error for an answer that is not accepted."""
        code = self.code
        listed = listed_code(self.answer.codes, code)
        if is_marked(accepted_when, self.tree):
            shown = self.shown(code)
            return contradiction(shown or f"http-{self.response.status}", f"HTTP {self.response.status}, code {shown}")
        if code is None:
            return by_status(self.response)
        shown = self.shown(code)
        known = {} if listed is None or listed.class_ == "repeated" else {shown: (Failure(listed.class_), listed.text)}
        return by_code(known, shown, self.response, refused=self.is_refused, said=self.words())


def outcome(answer: Answer, response: HttpResponse, sender: Sender) -> Accepted:
    """Raises a ProviderError unless the vendor accepted the message, now or before."""
    read = Read(answer, answer, response, sender)
    code = read.code
    if read.is_accepted(answer.accepted_when):
        return _accepted(read, code)
    listed = listed_code(answer.codes, code)
    if listed is not None and listed.class_ == "repeated" and not is_marked(answer.accepted_when, read.tree):
        return Accepted(code=read.shown(code), detail=listed.text, repeated=True)
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


def holds(condition: Condition, tree: Any, status: int, numbers: tuple[str, ...] = ()) -> bool:
    if condition.status is not None:
        return any(each in (str(status), f"{status // 100}xx") for each in condition.status) != condition.not_
    values = values_at(tree, bound(condition.path, numbers) or ())
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
        return said is not None and said.lower() in condition.words
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


def reports_in(reading: Reading, tree: Any, sender: Sender, status: int = 200) -> list[Report]:
    numbers = records_at(tree, reading.records) if reading.records else [()]
    found = [_report(reading, tree, each, sender, status) for each in numbers]
    return [each for each in found if each is not None]


def _report(reading: Reading, tree: Any, numbers: tuple[str, ...], sender: Sender, status: int) -> Report | None:
    def at(path: Path | None) -> Any:
        return first_at(tree, bound(path, numbers))

    word = text_in(at(reading.state))
    if not word or not all(holds(each, tree, status, numbers) for each in reading.only_when):
        return None
    listed = _state(reading, word)
    return Report(
        MessageState(listed.state) if listed else MessageState.UNKNOWN,
        reference=plain(at(reading.reference), sender),
        vendor_id=plain(at(reading.id), sender),
        to=plain(at(reading.to), sender, limit=20),
        code=without_secrets(text_in(at(reading.code)) or word, sender)[:MAX_CODE],
        detail=without_secrets(at(reading.detail), sender)[:500],
        left=listed.left if listed else None,
        final=listed.final if listed else None,
        failure=Failure(listed.class_) if listed and listed.class_ else None,
        at=_time(at(reading.at), reading.at_format),
        price=money(_bound_amount(reading.price, numbers), tree),
    )


def _state(reading: Reading, word: str) -> State | None:
    return next((each for each in reading.states if each.word.lower() == word.lower()), None)


def _bound_amount(price: Amount | None, numbers: tuple[str, ...]) -> Amount | None:
    paths = {"amount": bound(price.amount, numbers), "currency": bound(price.currency, numbers)} if price else {}
    return price.model_copy(update=paths) if price else None


def _time(value: Any, form: str) -> datetime | None:
    said = text_in(value, limit=40)
    try:
        if form == "iso":
            when = datetime.fromisoformat(said)
            return when if when.tzinfo else when.replace(tzinfo=UTC)
        return datetime.fromtimestamp(float(said) / (1000 if form == "unix_milliseconds" else 1), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def read(receipts: Receipts, callback: Callback, sender: Sender) -> list[Report]:
    """The reports in a callback as it came."""
    try:
        return reports_in(receipts, _tree(receipts, callback), sender)
    except ProviderError:  # one of its names has two values
        return []


def read_fields(receipts: Receipts, values: Mapping[str, Any], sender: Sender) -> list[Report]:
    return reports_in(receipts, _Fields(values), sender)


class _Fields(dict[str, Any]):
    """The fields of a callback, in the letter case of the description or in another one."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__({**{name.lower(): value for name, value in values.items()}, **values})

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or super().__contains__(str(name).lower())

    def __missing__(self, name: str) -> Any:
        return super().__getitem__(name.lower())


def _tree(receipts: Receipts, callback: Callback) -> Any:
    body = HttpResponse(200, callback.headers, callback.query if receipts.source == "query" else callback.body)
    source = "form" if receipts.source == "query" else receipts.source
    tree = decode(source, decoded_text(body), receipts.split, receipts.rows)
    if receipts.json_in is None:
        return tree
    return decode("json", text_in(first_at(tree, (receipts.json_in,)), limit=len(body.body)))
