"""Checks the class of an adapter against the contract of `base`: at the start of a process, and in its tests."""

from __future__ import annotations

import inspect
import ipaddress
import re
from collections.abc import Iterator
from itertools import chain
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
    of_sender = _sender_problems(adapter) if issubclass(adapter, Sender) else ()
    return next(chain(_fact_problems(adapter, kind), _method_problems(adapter, kind), of_sender), "")


def _fact_problems(adapter: type[Adapter], kind: type[Adapter]) -> Iterator[str]:
    for name, hint in get_type_hints(kind).items():
        if get_origin(hint) is not ClassVar:
            continue
        if not hasattr(adapter, name):
            yield N_("It does not declare {fact}.").format(fact=name)
        elif problem := _type_problem(getattr(adapter, name), get_args(hint)[0]):
            yield N_("The declared {fact} is not valid: {problem_text}").format(fact=name, problem_text=problem)
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
    if adapter.needs_session:
        yield from _missing_methods(adapter, kind, "session")


def _missing_methods(adapter: type[Adapter], kind: type[Adapter], *calls: str) -> Iterator[str]:
    methods = [f"{name}_{end}" for name in calls for end in ("request", "outcome")]
    if missing := [name for name in methods if getattr(adapter, name) is getattr(kind, name)]:
        yield N_("It does not implement {methods}.").format(methods=", ".join(missing))


def _takes(method: Any, arguments: list[str]) -> bool:
    try:
        inspect.signature(method).bind(*arguments)
    except (TypeError, ValueError):
        return False
    return True


def _sender_problems(adapter: type[Sender]) -> Iterator[str]:
    if problem := url_problem(adapter.default_base_url, allow_private=False, scheme=adapter.scheme, is_base=True):
        words = N_("The declared {fact} is not valid: {problem_text}")
        yield words.format(fact="default_base_url", problem_text=problem)
    needed = {
        "poll": ReportChannel.POLL in adapter.reports,
        "test": adapter.can_test,
        "balance": adapter.tells_balance,
    }
    yield from _missing_methods(adapter, Sender, *(name for name, is_needed in needed.items() if is_needed))
    yield from _result_problems(adapter(base_url=adapter.default_base_url, credentials={}, options={}))


def _result_problems(adapter: Sender) -> Iterator[str]:
    """These two are asked while messages of all vendors are settled, or before a callback is stored."""
    for method, check in ((adapter.poll_delays, _delay_problem), (adapter.report_networks, _network_problem)):
        try:
            problem = check(method())
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        if problem:
            words = N_("Its method {method} fails with the default options: {problem_text}")
            yield words.format(method=method.__name__, problem_text=problem)
    if ReportChannel.POLL in adapter.reports and not adapter.poll_delays():
        yield N_("It is polled, and poll_delays is empty.")


def _delay_problem(delays: Any) -> str:
    problem = _type_problem(delays, tuple[int, ...])
    return problem or (N_("each must be at least 1 second.") if min(delays, default=1) < 1 else "")


def _network_problem(networks: Any) -> str:
    """Raises ValueError for one that is no network."""
    problem = _type_problem(networks, tuple[str, ...])
    for each in () if problem else networks:
        ipaddress.ip_network(each, strict=False)
    return problem
