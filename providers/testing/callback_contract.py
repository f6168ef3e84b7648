"""What every sender must do with callbacks: any headers, and the good callback that an example names."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from urllib.parse import parse_qsl

from providers.base import Callback, MessageState, Report, Sender

from .example import Example, GoodCallback

AT = datetime(2026, 11, 28, 21, 0, tzinfo=UTC)
NO_SIGNATURES = ["", "no base64!", "٣", "ä", "nan", "-1", "1" * 400, "0" * 64, b64encode(bytes(64)).decode()]
ALWAYS_KEPT = {"content-type", "content-encoding"}


def without_a_signature(names: Sequence[str], call: Callback) -> Iterator[dict[str, str]]:
    """Headers of which one or all have a value that is no signature; also with the time of arrival in another one."""
    stamp = str(int(call.received_at.timestamp()))
    for value in NO_SIGNATURES:
        forged = dict.fromkeys(names, value)
        yield forged
        yield from ({**forged, name: stamp} for name in names)
        yield from ({**call.headers, name: value} for name in names)


def stored(callback: Callback, adapter: Sender) -> Callback:
    """The callback with the headers that the product keeps."""
    kept = ALWAYS_KEPT | {name.lower() for name in adapter.signed_headers}
    return replace(callback, headers={name: value for name, value in callback.headers.items() if name in kept})


def reports_in(callback: Callback, adapter: Sender) -> list[Report]:
    """As the product reads simple bodies: a form or JSON, and the inner objects of it."""
    own = adapter.read(callback)
    if own is not None:
        return own
    query = dict(parse_qsl(callback.query.decode(), keep_blank_values=True))
    found = groups({**query, **body_fields(callback.body.decode())})
    return [report for fields in found for report in adapter.read_reports(fields)]


def body_fields(body: str) -> dict[str, Any]:
    found = decoded(body)
    if found is body:
        return {name: decoded(value) for name, value in parse_qsl(body, keep_blank_values=True)}
    return found if isinstance(found, dict) else {"": found}


def decoded(text: str) -> Any:
    try:
        return json.loads(text) if text[:1] in ("{", "[") else text
    except ValueError:
        return text


def groups(values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The fields, and those of each inner object with the outer ones. Names are found in lower case, too."""
    yield {**{name.lower(): value for name, value in values.items()}, **values}
    outer = {name: value for name, value in values.items() if not isinstance(value, dict | list)}
    for value in values.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                yield from groups({**outer, **item})


def with_word(callback: Callback, old: str, new: str) -> Callback:
    """The callback with another state. The state must stand once in the query and the body."""
    pattern = re.compile(rb"(?<![\w.-])" + re.escape(old.encode()) + rb"(?![\w.-])")
    query, in_query = pattern.subn(new.encode(), callback.query)
    body, in_body = pattern.subn(new.encode(), callback.body)
    assert in_query + in_body == 1, f"{old!r} must stand exactly once in the query and the body of the good callback"
    return replace(callback, query=query, body=body)


def good_callback(example: Example) -> list[GoodCallback]:
    """The example's callback, if it names one."""
    return [example.callback] if example.callback else []


def signed_callback(example: Example) -> list[GoodCallback]:
    """The example's callback, if it names one and the vendor proves that it made the call."""
    is_checked = not example.sender().authentic(Callback("POST", AT))
    return good_callback(example) if is_checked else []


class CallbackContract:
    """A part of `SenderContract`."""

    def test_headers_without_a_signature_are_judged_without_a_fault(self, example: Example) -> None:
        adapter = example.sender()
        call = next((good.callback for good in good_callback(example)), Callback("POST", AT, body=b'{"a": 1}'))
        for headers in without_a_signature(adapter.signed_headers, call) if adapter.signed_headers else ():
            assert adapter.authentic(replace(call, headers=headers)) is False, headers

    def test_a_good_callback_is_authentic_by_the_declared_headers(self, example: Example) -> None:
        adapter = example.sender()
        for good in good_callback(example):
            assert adapter.authentic(stored(good.callback, adapter)) is True

    def test_each_declared_header_is_needed(self, example: Example) -> None:
        adapter = example.sender()
        for good, name in product(signed_callback(example), adapter.signed_headers):
            headers = {key: value for key, value in good.callback.headers.items() if key != name.lower()}
            rest = replace(good.callback, headers=headers)
            assert not adapter.authentic(rest) or adapter.read(rest) != adapter.read(good.callback), name

    def test_a_changed_callback_is_not_authentic(self, example: Example) -> None:
        for good in signed_callback(example):
            changed = with_word(good.callback, good.state, "changed")
            assert example.sender().authentic(changed) is not good.covers_content

    def test_a_callback_of_an_hour_ago_is_not_authentic(self, example: Example) -> None:
        for good in signed_callback(example):
            late = replace(good.callback, received_at=good.callback.received_at + timedelta(hours=1))
            assert example.sender().authentic(late) is not good.has_time

    def test_a_state_that_is_not_listed_is_unknown(self, example: Example) -> None:
        adapter = example.sender()
        for good in good_callback(example):
            known = reports_in(stored(good.callback, adapter), adapter)
            assert [report for report in known if report.state is not MessageState.UNKNOWN]
            assert {report.code.lower() for report in known} <= {"", *map(str.lower, adapter.codes), *adapter.words}
            unlisted = "987" if good.state.isdigit() else "not-listed"
            found = reports_in(stored(with_word(good.callback, good.state, unlisted), adapter), adapter)
            assert {report.state for report in found} == {MessageState.UNKNOWN}
