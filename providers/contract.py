"""Checks the class of an adapter against the contract of `base`: at the start of a process, and in its tests."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any, ClassVar, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from .address import url_problem
from .base import Adapter, Forwarder, ReportChannel, Sender
from .marking import N_

_SLUG = re.compile(r"[a-z][a-z0-9_]{0,31}")


def first_problem(adapter: object) -> str:
    """What breaks the contract, in words for staff; "" if nothing does."""
    if not (isinstance(adapter, type) and issubclass(adapter, Sender | Forwarder)):
        return N_("{found} is no class derived from Sender or Forwarder of providers.base.").format(
            found=repr(adapter)[:100]
        )
    kind: type[Adapter] = Sender if issubclass(adapter, Sender) else Forwarder
    found = (*_fact_problems(adapter, kind), *_method_problems(adapter, kind))
    if not found and issubclass(adapter, Sender):
        found = tuple(_sender_problems(adapter))
    return found[0] if found else ""


def _fact_problems(adapter: type[Adapter], kind: type[Adapter]) -> Iterator[str]:
    for name, hint in get_type_hints(kind).items():
        if get_origin(hint) is not ClassVar:
            continue
        if not hasattr(adapter, name):
            yield N_("It does not declare {fact}.").format(fact=name)
        elif problem := _type_problem(getattr(adapter, name), get_args(hint)[0]):
            yield N_("The declared {fact} is not valid: {problem}").format(fact=name, problem=problem)
    if not _SLUG.fullmatch(str(getattr(adapter, "slug", "a"))):
        yield N_("The slug {slug} must be a lower-case letter, then up to 31 lower-case letters, digits or _.").format(
            slug=repr(adapter.slug)[:100]
        )


def _type_problem(value: object, hint: Any) -> str:
    try:
        TypeAdapter(hint).validate_python(value, strict=True)
    except ValidationError as error:
        return str(error.errors()[0]["msg"])
    return ""


def _method_problems(adapter: type[Adapter], kind: type[Adapter]) -> Iterator[str]:
    if missing := sorted(getattr(adapter, "__abstractmethods__", ())):
        yield N_("It does not implement {methods}.").format(methods=", ".join(missing))
    if adapter.__init__ is not kind.__init__:
        yield N_("It must not define __init__.")
    for name, method in inspect.getmembers(kind, inspect.isroutine):
        if not name.startswith("_") and not _takes(getattr(adapter, name), list(inspect.signature(method).parameters)):
            yield N_("Its method {method} takes other arguments than in providers.base.").format(method=name)


def _takes(method: Any, arguments: list[str]) -> bool:
    try:
        inspect.signature(method).bind(*arguments)
    except (TypeError, ValueError):
        return False
    return True


def _sender_problems(adapter: type[Sender]) -> Iterator[str]:
    if problem := url_problem(adapter.default_base_url, allow_private=False, scheme=adapter.scheme):
        yield N_("The declared {fact} is not valid: {problem}").format(fact="default_base_url", problem=problem)
    needed = {
        "poll": ReportChannel.POLL in adapter.reports,
        "test": adapter.can_test,
        "balance": adapter.tells_balance,
        "session": adapter.needs_session,
    }
    methods = [f"{name}_{end}" for name, is_needed in needed.items() if is_needed for end in ("request", "outcome")]
    if missing := [name for name in methods if getattr(adapter, name) is getattr(Sender, name)]:
        yield N_("It does not implement {methods}.").format(methods=", ".join(missing))
    yield from _result_problems(adapter(base_url=adapter.default_base_url, credentials={}, options={}))


def _result_problems(adapter: Sender) -> Iterator[str]:
    """These two are asked while messages of all vendors are settled, or before a callback is stored."""
    for method, kind in ((adapter.poll_delays, tuple[int, ...]), (adapter.report_networks, tuple[str, ...])):
        try:
            problem = _type_problem(method(), kind)
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        if problem:
            words = N_("Its method {method} fails with the default options: {problem}")
            yield words.format(method=method.__name__, problem=problem)
    if ReportChannel.POLL in adapter.reports and not adapter.poll_delays():
        yield N_("It is polled, and poll_delays is empty.")
