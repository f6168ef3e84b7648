"""Runs the examples of a description: they are its tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

from providers.base import (
    Asked,
    Callback,
    Encoding,
    HttpRequest,
    HttpResponse,
    OutboundSms,
    ProviderError,
    Report,
    Sender,
)

from .adapter import Described
from .description import Example, ExpectedReport, GivenAnswer, GivenCall, Message
from .trees import decode


@dataclass(frozen=True, slots=True)
class ExampleResult:
    name: str
    expected: str
    found: str

    @property
    def passed(self) -> bool:
        return self.expected == self.found


def run_examples(adapter: type[Sender]) -> tuple[ExampleResult, ...]:
    """The result of each example. An adapter that was not made by `load` has none."""
    if not issubclass(adapter, Described):
        return ()
    sample = adapter.description.sample
    sender = adapter(
        base_url=adapter.default_base_url, credentials=sample.credentials, options=adapter.clean_options(sample.options)
    )
    return tuple(_run(sender, each) for each in adapter.description.examples)


def _run(sender: Described, example: Example) -> ExampleResult:
    if example.request is not None:
        expected = _request_text(example.request)
        return ExampleResult(example.name, expected, _tried(lambda: _request_text(_built(sender, example))))
    wanted = {"means": example.means, "code": example.code, "ids": example.ids, "reports": example.reports}
    found = _answered(sender, example) if example.answer else _read(sender, example)
    if example.forged:
        return ExampleResult(example.name, "forged", str(found["means"]))
    keys = [key for key, value in wanted.items() if value is not None]
    texts = (_text({key: each.get(key, "") for key in keys}, example.reports) for each in (wanted, found))
    return ExampleResult(example.name, *texts)


def _tried(call: Callable[[], str]) -> str:
    try:
        return call()
    except ProviderError as error:
        return f"{error.failure} {error.code}: {error.detail}"


def _built(sender: Described, example: Example) -> HttpRequest:
    message = example.message or sender.description.sample.message
    if example.of == "send":
        return sender.request(sms_of(message))
    if example.of == "poll":
        return sender.poll_request(Asked("4711", message.reference, message.to))
    return sender.test_request() if example.of == "test" else sender.balance_request()


def sms_of(message: Message) -> OutboundSms:
    values = message.model_dump() | {"encoding": Encoding(message.encoding)}
    return OutboundSms(**values | {"parameters": tuple(message.parameters.items())})


def _request_text(request: Any) -> str:
    headers = request.headers.items() if isinstance(request.headers, Mapping) else request.headers
    body = request.body.decode() if isinstance(request.body, bytes) else request.body
    return "\n".join((f"{request.method} {request.url}", *(f"{name}: {value}" for name, value in headers), "", body))


def _answered(sender: Described, example: Example) -> dict[str, Any]:
    assert example.answer is not None
    response = response_of(example.answer)
    try:
        if example.of == "send":
            accepted = sender.outcome(response)
            ids = accepted.part_ids or (accepted.vendor_id,) * bool(accepted.vendor_id)
            means = "repeated" if accepted.repeated else "accepted"
            return {"means": means, "code": accepted.code, "ids": ids, "reports": []}
        return {"means": "accepted", "code": "", "ids": [], "reports": _asked(sender, example.of, response)}
    except ProviderError as error:
        return {"means": error.failure.value, "code": error.code, "ids": [], "reports": []}


def _asked(sender: Described, of: str, response: HttpResponse) -> list[Report]:
    if of == "poll":
        return sender.poll_outcome(response)
    sender.test_outcome(response) if of == "test" else sender.balance_outcome(response)
    return []


def response_of(answer: GivenAnswer) -> HttpResponse:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return HttpResponse(answer.status, headers, answer.body.encode())


def callback_of(given: GivenCall) -> Callback:
    headers = {name.lower(): value for name, value in given.headers.items()}
    when = datetime.fromtimestamp(given.at, UTC)
    return Callback(given.method, when, given.query.encode(), headers, given.body.encode())


def _read(sender: Described, example: Example) -> dict[str, Any]:
    assert example.receipt is not None
    callback = callback_of(example.receipt)
    if not sender.authentic(callback):
        return {"means": "forged", "reports": []}
    reports = sender.read(callback)
    return {"means": "authentic", "reports": sender.read_reports(_fields(callback)) if reports is None else reports}


def _fields(callback: Callback) -> dict[str, Any]:
    """As the product decodes the fields of simple callbacks."""
    body = callback.body.decode()
    try:
        decoded = decode("json" if body.lstrip().startswith("{") else "form", body)
        return {**(decode("form", callback.query.decode()) or {}), **(decoded or {})}
    except ProviderError:  # a name has two values
        return {}


def _text(values: Mapping[str, Any], expected: list[ExpectedReport] | None) -> str:
    """Each report with what the example expects of the one in its place."""
    plain = [f"{key} {value if isinstance(value, str) else ', '.join(value)}" for key, value in values.items()
             if key != "reports"]  # fmt: skip
    pairs = zip_longest(values.get("reports", ()), (expected or ())[: len(values.get("reports", ()))])
    reports = [_report_text(*pair) for pair in pairs]
    return "; ".join((*plain, *reports)) or "no report"


_NAMES = {"id": "vendor_id", "class_": "failure"}


def _report_text(report: Any, expected: ExpectedReport | None) -> str:
    keys = expected.model_dump(exclude_none=True) if expected else ("state",)
    values = {key: getattr(report, key if hasattr(report, key) else _NAMES[key]) for key in keys}
    return "report: " + ", ".join(f"{key.rstrip('_')} {value}" for key, value in values.items())
