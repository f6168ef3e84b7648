"""Runs the examples of a description: they are its tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
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
    if example.receipt is not None:
        return ExampleResult(example.name, _receipt_expected(example), _tried(lambda: _receipt_found(sender, example)))
    return ExampleResult(example.name, _answer_expected(example), _answer_found(sender, example))


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


def _answer_expected(example: Example) -> str:
    said = [str(example.means)]
    if example.code is not None:
        said.append(f"code {example.code}")
    if example.ids is not None:
        said.append(f"ids {', '.join(example.ids)}")
    return "; ".join(said + [_reports_text(example.reports, example.reports)] * (example.reports is not None))


def _answer_found(sender: Described, example: Example) -> str:
    """As much as the example expects."""
    assert example.answer is not None
    response = response_of(example.answer)
    ids: tuple[str, ...] = ()
    reports: list[Report] = []
    try:
        if example.of == "send":
            accepted = sender.outcome(response)
            means, code = "repeated" if accepted.repeated else "accepted", accepted.code
            ids = accepted.part_ids or (accepted.vendor_id,) * bool(accepted.vendor_id)
        else:
            means, code = "accepted", ""
            reports = _asked(sender, example.of, response)
    except ProviderError as error:
        means, code = str(error.failure), error.code
    said = [means, *([f"code {code}"] if example.code is not None else [])]
    said += [f"ids {', '.join(ids)}"] if example.ids is not None else []
    return "; ".join(said + [_reports_text(reports, example.reports)] * (example.reports is not None))


def _asked(sender: Described, of: str, response: HttpResponse) -> list[Report]:
    if of == "poll":
        return sender.poll_outcome(response)
    sender.test_outcome(response) if of == "test" else sender.balance_outcome(response)
    return []


def response_of(answer: GivenAnswer) -> HttpResponse:
    return HttpResponse(
        answer.status, {name.lower(): each for name, each in answer.headers.items()}, answer.body.encode()
    )


def callback_of(given: GivenCall) -> Callback:
    headers = {name.lower(): value for name, value in given.headers.items()}
    when = datetime.fromtimestamp(given.at, UTC)
    return Callback(given.method, when, given.query.encode(), headers, given.body.encode())


def _receipt_expected(example: Example) -> str:
    return "forged" if example.forged else _reports_text(example.reports, example.reports)


def _receipt_found(sender: Described, example: Example) -> str:
    assert example.receipt is not None
    callback = callback_of(example.receipt)
    if not sender.authentic(callback):
        return "forged"
    reports = sender.read(callback)
    if reports is None:
        reports = sender.read_reports(_fields(callback))
    return "authentic" if example.forged else _reports_text(reports, example.reports)


def _fields(callback: Callback) -> dict[str, Any]:
    """As the product decodes the fields of simple callbacks."""
    body = callback.body.decode()
    decoded = decode("json", body) if body.lstrip().startswith("{") else decode("form", body)
    return {**(decode("form", callback.query.decode()) or {}), **(decoded or {})}


def _reports_text(reports: Any, expected: list[ExpectedReport] | None) -> str:
    """Each report with what the example expects of the one in its place."""
    wanted = [*(expected or ()), *[None] * len(reports or ())]
    texts = [_report_text(report, want) for report, want in zip(reports or (), wanted, strict=False)]
    return f"{len(texts)} reports: {'; '.join(texts)}"


_NAMES = {"id": "vendor_id", "class_": "failure"}


def _report_text(report: Any, expected: ExpectedReport | None) -> str:
    given = expected.model_dump(exclude_none=True) if expected else {"state": ""}
    values = {key: getattr(report, key if hasattr(report, key) else _NAMES[key]) for key in given}
    return ", ".join(f"{key.rstrip('_')} {value}" for key, value in values.items())
