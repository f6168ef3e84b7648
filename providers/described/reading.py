"""Reports in callbacks and in answers to polls. A word that is not listed means that the state is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from providers.answers import MAX_CODE, text_in
from providers.base import Callback, Failure, HttpResponse, MessageState, ProviderError, Report, Sender
from providers.content import decoded_text

from .answer_schema import Amount, Reading, Receipts, State
from .classify import holds, money, plain, without_secrets
from .trees import Path, bound, decode, first_at, records_at


def reports_in(reading: Reading, tree: Any, sender: Sender, status: int = 200) -> list[Report]:
    numbers = records_at(tree, reading.records) if reading.records else [()]
    found = [_report(reading, tree, each, sender, status) for each in numbers]
    return [each for each in found if each is not None]


def _report(reading: Reading, tree: Any, numbers: tuple[str, ...], sender: Sender, status: int) -> Report | None:
    def at(path: Path | None) -> Any:
        return first_at(tree, bound(path, numbers))

    only_when = [each.model_copy(update={"path": bound(each.path, numbers)}) for each in reading.only_when]
    word = text_in(at(reading.state))
    if not word or not all(holds(each, tree, status) for each in only_when):
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
