"""Shows what a description makes of a message, an answer and a callback. No call is made, and nothing is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from providers.base import (
    Accepted,
    HttpResponse,
    Kind,
    OutboundSms,
    ProviderError,
    Report,
    ReportChannel,
    Sender,
    Session,
    Setting,
)
from providers.exchange import exchange_text
from providers.marking import N_
from sms.domain.text import segments
from sms.models.vendor_description import loaded
from sms.services.database import clock
from sms.services.queue import sessions
from sms.services.reports.receive import reports_in
from sms.services.webhooks.payload import RawCall, StoredCall

T = TypeVar("T")
ADDRESS = "https://made-up.example/webhooks/made-up"
_VALUES: dict[Kind, Any] = {
    Kind.BOOLEAN: False,
    Kind.INTEGER: 1,
    Kind.SECONDS: [60],
    Kind.NETWORKS: [],
    Kind.URL: "https://made-up.example",
    Kind.MSISDN: "+994501234567",
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an answer means: the outcome, the class of a failure, code and words, and the ids of an accepted message."""

    outcome: str
    failure: str = ""
    code: str = ""
    detail: str = ""
    ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CallbackResult:
    is_authentic: bool
    reports: Sequence[Report]
    note: str
    status: int
    """Of our response."""


class DryRun:
    """A description with a made-up account. Raises ValidationError if it can't be used."""

    def __init__(self, text: str) -> None:
        kind = loaded(text)
        options = {each.key: _made_up(each) for each in kind.options if each.required and each.default is None}
        credentials = {each.key: str(_made_up(each)) for each in kind.credentials}
        made = kind(base_url=kind.default_base_url, credentials=credentials, options=options)
        self.adapter: Sender = made.for_call(sessions.new_call(Session(defaultdict(lambda: "[session]"))))

    def request(self, **facts: Any) -> tuple[str, str]:
        """The request to the vendor as text, without its secrets; or "" and why it can't be built."""
        size = segments(facts["text"])
        per_attempt = ReportChannel.CALLBACK_PER_ATTEMPT in self.adapter.reports
        sms = OutboundSms(
            reference=str(clock.new_id()),
            callback_url=ADDRESS if per_attempt else None,
            encoding=size.encoding,
            parts=size.count,
            **facts,
        )
        request, problem = _run(lambda: self.adapter.request(sms))
        return (exchange_text(request, (*self.adapter.secrets(), *request.hidden)) if request else ""), problem

    def answer(self, status: int, headers: Mapping[str, str], body: str) -> Meaning:
        response = HttpResponse(status, headers, body.encode())
        try:
            return _accepted(self.adapter.outcome(response))
        except ProviderError as error:
            return Meaning(type(error).__name__.lower(), error.failure.value, error.code, error.detail)
        except Exception as error:
            return Meaning("", detail=_fault(error))

    def callback(
        self, method: str, query: str, headers: Mapping[str, str], body: str
    ) -> tuple[CallbackResult | None, str]:
        """None and the reason if the description fails on it."""
        return _run(lambda: self._callback(method, query, headers, body))

    def _callback(self, method: str, query: str, headers: Mapping[str, str], body: str) -> CallbackResult:
        raw = RawCall(
            query.encode(), headers.get("content-type", ""), headers.get("content-encoding", ""), body.encode()
        )
        lines = "\n".join(f"{name}: {value}" for name, value in headers.items())
        call = StoredCall(0, 0, None, raw, method=method, headers=lines, source="", received_at=clock.now())
        callback = replace(call.as_callback(), url=ADDRESS)
        found, note = reports_in(call, self.adapter)
        is_authentic = self.adapter.authentic(callback)
        status = self.adapter.reply(callback).status if is_authentic else 403
        return CallbackResult(is_authentic, [report for report, _fields in found], note, status)


def _made_up(setting: Setting) -> Any:
    if setting.kind is Kind.CHOICE:
        return setting.choices[0]
    return _VALUES.get(setting.kind, f"made-up-{setting.key}")


def _accepted(accepted: Accepted) -> Meaning:
    ids = accepted.part_ids or ((accepted.vendor_id,) if accepted.vendor_id else ())
    return Meaning("accepted", code=accepted.code, detail=accepted.detail, ids=ids)


def _run(run: Callable[[], T]) -> tuple[T | None, str]:
    """The result, or None and the reason."""
    try:
        return run(), ""
    except ProviderError as error:
        return None, f"{error.code}: {error.detail}"
    except Exception as error:
        return None, _fault(error)


def _fault(error: Exception) -> str:
    """Whatever a description does, its page is shown."""
    return N_("The description fails on it: {problem}").format(problem=f"{type(error).__name__}: {error}"[:300])
