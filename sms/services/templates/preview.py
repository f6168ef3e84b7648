"""Previews a template before it is saved. Uses the same functions for matching and segments as messages do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from providers.base import Carries
from providers.marking import N_
from providers.registry import SENDERS
from sms.domain.matching.forms import form_of
from sms.domain.matching.identifiers import with_identifiers
from sms.domain.matching.replay import Replay
from sms.domain.matching.templates import (
    Body,
    Placeholder,
    PlaceholderKind,
    TemplateError,
    limits_problem,
    parse_body,
    parse_kinds,
)
from sms.domain.text import Segments, forcing_ucs2, segments, visible
from sms.models import Provider

from .unmatched import ApprovedText, Recent, TextKey, approved_texts, recent_texts, replay_of
from .vendor_preview import DraftApproval, VendorSends, vendor_sends

SAMPLES = {
    PlaceholderKind.ANY: "Aysel",
    PlaceholderKind.DIGITS: "482913",
    PlaceholderKind.CODE: "A7K2Q9",
    PlaceholderKind.NUMBER: "12",
    PlaceholderKind.AMOUNT: "12.50",
    PlaceholderKind.DATE: "25.11.2026",
    PlaceholderKind.TIME: "14:30",
    PlaceholderKind.NAME: "Aysel",
    PlaceholderKind.PHONE: "+994501112233",
    PlaceholderKind.EMAIL: "aysel@shop.example",
    PlaceholderKind.LINK: "https://shop.example/a1",
    PlaceholderKind.TEXT: "Aysel",
}
_NAMED = re.compile(r"\{\{|\}\}|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}")
_WORDS = (PlaceholderKind.ANY, PlaceholderKind.TEXT)
"""Kinds whose default sample is the placeholder's name, unless the name contains "name"."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Whether one provider that uses templates can send this one. `problem` is empty if it can."""

    slug: str
    vendor: str
    problem: str


@dataclass(frozen=True, slots=True)
class Preview:
    """`parts` are pairs of a text and the name of its placeholder ("" for a literal)."""

    problem: str = ""
    parts: tuple[tuple[str, str], ...] = ()
    size: Segments | None = None
    forcing: tuple[str, ...] = ()
    length: int = 0
    limits: tuple[Limit, ...] = ()
    replay: Replay[TextKey] | None = None
    recent: Recent | None = None
    """The result of replaying recent texts as if this text were approved in addition to the approved ones."""
    renamed: tuple[tuple[str, str], ...] = ()
    """Placeholders whose names are not identifiers, with proposed identifiers. `named_body` is previewed.
    """
    named_body: str = ""
    misfits: tuple[str, ...] = ()
    """A message for each example that its placeholder rejects."""
    sent: tuple[VendorSends, ...] = ()


def preview(
    body: str,
    placeholders: Mapping[str, Any],
    samples: Mapping[str, str],
    *,
    template: str,
    approvals: Sequence[DraftApproval] = (),
) -> Preview:
    """`template`: the template's name, even if it is not stored yet. `approvals`: the values in the form."""
    named, renamed = with_identifiers(body)
    try:
        names = parse_body(named).names
        kinds = {name: kind for name, kind in placeholders.items() if name in names}
        parsed = parse_body(named, parse_kinds(kinds))
    except TemplateError as error:
        return Preview(problem=str(error))
    values = {p.name: samples.get(p.name) or _sample(p) for p in parsed.placeholders}
    text = parsed.render(values)
    recent, approved = recent_texts(), approved_texts()
    return Preview(
        parts=tuple((part, "") if isinstance(part, str) else (values[part.name], part.name) for part in parsed.parts),
        size=segments(text),
        forcing=forcing_ucs2(text),
        length=len(text),
        limits=tuple(_limits(parsed, len(text))),
        replay=replay_of(approved, [*approved, ApprovedText(None, template, parsed)], recent),
        recent=recent,
        renamed=tuple(renamed.items()),
        named_body=named,
        misfits=tuple(_misfits(parsed, samples)),
        sent=tuple(vendor_sends(each, parsed, values) for each in approvals),
    )


def _misfits(body: Body, samples: Mapping[str, str]) -> Iterator[str]:
    for placeholder in body.placeholders:
        sample = samples.get(placeholder.name, "")
        if sample and not placeholder.accepts(sample):
            form = form_of(sample)
            words = N_("{{{name}}} does not accept the example “{sample}”.")
            if form not in (placeholder.kind, PlaceholderKind.ANY):
                words = N_("{{{name}}} does not accept the example “{sample}”. It matches the kind “{form}”.")
            yield words.format(name=placeholder.name, sample=visible(sample), form=form)


def _sample(placeholder: Placeholder) -> str:
    is_word = placeholder.kind in _WORDS and "name" not in placeholder.name.lower()
    sample = placeholder.name if is_word else SAMPLES[placeholder.kind]
    cut = sample[: placeholder.max_length]
    return cut if placeholder.accepts(cut) else sample


def _limits(body: Body, length: int) -> list[Limit]:
    """Each enabled provider whose vendor sends approved templates."""
    found = []
    for slug, vendor in Provider.objects.filter(enabled=True).values_list("slug", "vendor"):
        adapter = SENDERS.get(vendor)
        if adapter is None or adapter.carries == Carries.TEXT:
            continue
        problem = (
            limits_problem(
                body,
                max_parameters=adapter.max_parameters,
                max_length=adapter.max_length,
                max_value_length=adapter.max_value_length,
            )
            or ""
        )
        if not problem and adapter.max_length is not None and length > adapter.max_length:
            problem = N_(
                "With these samples it has {length} characters; this vendor accepts at most {max_length}."
            ).format(length=length, max_length=adapter.max_length)
        found.append(Limit(slug, adapter.name, problem))
    return found


def names_of(body: str) -> list[str]:
    """The placeholders of a body, which may be incomplete."""
    return list(dict.fromkeys(found["name"] for found in _NAMED.finditer(body) if found["name"]))
