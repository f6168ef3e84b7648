"""One runner for the tables of every vendor: an answer in, what it means out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from providers.base import Failure, HttpResponse, ProviderError


@dataclass(frozen=True)
class Answer:
    """An answer and what it must mean: a value, or a class of failure with its code."""

    label: str
    status: int
    body: Any
    means: Any
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    words: str = ""
    """Must stand in the error's detail."""

    def response(self) -> HttpResponse:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return HttpResponse(self.status, self.headers, body)


def answers(*cases: Answer) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.label) for case in cases])


def check(read: Callable[[HttpResponse], Any], case: Answer) -> None:
    """The answer means what the case says; a failure carries its code and words."""
    if not isinstance(case.means, Failure):
        assert read(case.response()) == case.means
        return
    with pytest.raises(ProviderError) as caught:
        read(case.response())
    assert caught.value.failure is case.means
    if case.code is not None:
        assert caught.value.code == case.code
    assert case.words in caught.value.detail
    assert caught.value.detail.isprintable()


def without_a_code(expected: Mapping[int, Failure] | None = None) -> list[Answer]:
    """What each status means where the body says nothing of the vendor's own; `expected` differs from the rule."""
    rule = {
        200: Failure.AMBIGUOUS,
        201: Failure.AMBIGUOUS,
        204: Failure.AMBIGUOUS,
        103: Failure.AMBIGUOUS,
        301: Failure.ACCOUNT,
        302: Failure.ACCOUNT,
        307: Failure.ACCOUNT,
        304: Failure.ACCOUNT,
        401: Failure.ACCOUNT,
        403: Failure.ACCOUNT,
        404: Failure.CONFIG,
        405: Failure.CONFIG,
        408: Failure.AMBIGUOUS,
        413: Failure.CONTENT,
        429: Failure.TRANSIENT,
        400: Failure.CONTENT,
        402: Failure.CONTENT,
        418: Failure.CONTENT,
        422: Failure.CONTENT,
        500: Failure.AMBIGUOUS,
        502: Failure.AMBIGUOUS,
        503: Failure.AMBIGUOUS,
        599: Failure.AMBIGUOUS,
        **(expected or {}),
    }
    bodies = {
        "nothing": b"",
        "HTML": b"<html><body>Oops</body></html>",
        "other JSON": b'{"hello":"world"}',
        "a list": b"[1, 2]",
        "half JSON": b'{"success":true,"code":"10',
        "no UTF-8": b'{"success":"\xff\xfe"}',
        "JSON without a bottom": b"[" * 30_000,
    }
    return [
        Answer(f"{status} with {label}", status, body, failure)
        for status, failure in rule.items()
        for label, body in bodies.items()
    ]
