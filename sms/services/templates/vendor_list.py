"""Turns a vendor's list into templates with approvals: staff check and correct proposals, then all or none are saved.

An approval keeps the vendor's own text. If a template with the same text exists, the approval is added to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from providers.marking import N_
from sms.domain.matching.forms import common_kind
from sms.domain.matching.identifiers import template_name
from sms.domain.matching.index import Index, Matched
from sms.domain.matching.kinds import PlaceholderKind, accepts_kind
from sms.domain.matching.recognition import VendorReading, readings
from sms.domain.matching.templates import Body, TemplateError, parse_body, parse_kinds
from sms.models import ConfirmedHow, MessageTemplate, Provider, TemplateApproval, TemplateApprovalStatus
from sms.services.queue.errors import ActionRefused
from sms.services.table_files.rows import shown

from .approvals import (
    ID_OF_OTHER_TEXT,
    AtVendor,
    Parameters,
    approval_problems,
    at_vendor,
    bind,
    compared,
    confirm,
    literals,
    registered_body,
    same_id,
)
from .effect import Effect, effect
from .spreadsheets import id_problems
from .unmatched import ApprovedText, approved_texts, recent_texts
from .vendor_rows import VendorRow

_ENOUGH_VALUES = 3
"""The most different values of recent texts that are used to guess a kind."""
_WORDS_OF_NAME = 4
Shape = tuple[str, ...]
"""A text independent of its placeholders' names: the literals around them."""


@dataclass(slots=True)
class ProposedPlaceholder:
    """`written`: the notation in the vendor's text; `theirs`: the vendor's own name, "" if there is none."""

    written: str
    theirs: str
    name: str
    kind: str


@dataclass(slots=True)
class Proposal:
    """One text of the list and its proposed template. Staff may change all but `row`, `readings` and `existing`."""

    row: VendorRow
    readings: list[VendorReading]
    notation: str
    vendor_template: str
    name: str
    placeholders: list[ProposedPlaceholder]
    take: bool = True
    existing: MessageTemplate | None = None
    is_known: bool = False
    """The approval is stored already."""
    problems: list[str] = field(default_factory=list)

    @property
    def reading(self) -> VendorReading:
        return next((each for each in self.readings if each.notation == self.notation), self.readings[0])

    @property
    def body(self) -> str:
        return self.reading.body([each.name for each in self.placeholders])


@dataclass(frozen=True, slots=True)
class Correction:
    """What staff entered for one proposal. `placeholders`: pairs of a name and a kind, in the vendor's order."""

    take: bool
    notation: str
    vendor_template: str
    name: str
    placeholders: Sequence[tuple[str, str]]


# --- proposals ------------------------------------------------------------------------------------


def propose(rows: Sequence[VendorRow], provider: Provider) -> list[Proposal]:
    """The proposal for each row. Nothing is stored."""
    known = _Known(provider)
    proposals = [_proposal(row, known) for row in rows]
    _guess_kinds([each for each in proposals if each.existing is None])
    return proposals


def correct(proposals: Sequence[Proposal], corrections: Sequence[Correction], provider: Provider) -> None:
    """Apply the entries of staff to the proposals. Another notation's placeholders are proposed anew."""
    known: _Known | None = None
    for proposal, said in zip(proposals, corrections, strict=True):
        is_other = said.notation != proposal.notation and said.notation in {r.notation for r in proposal.readings}
        proposal.vendor_template = said.vendor_template
        if is_other:
            known = known or _Known(provider)
            _read_as(proposal, said.notation, known)
        proposal.take = said.take
        if proposal.existing is None:
            proposal.name = said.name
            if len(said.placeholders) == len(proposal.placeholders):
                for placeholder, (name, kind) in zip(proposal.placeholders, said.placeholders, strict=True):
                    placeholder.name, placeholder.kind = name, kind


class _Known:
    """The templates by the fingerprint of each of their texts, and the provider's approvals by id."""

    def __init__(self, provider: Provider) -> None:
        self.names: set[str] = set()
        self.templates: dict[Shape, tuple[MessageTemplate, Body]] = {}
        for template in MessageTemplate.objects.select_related("current_version"):
            self.names.add(template.name)
            self.add(template, template.body, template.placeholders)
        approved = TemplateApproval.objects.filter(status=TemplateApprovalStatus.APPROVED)
        self.approved: dict[str, AtVendor] = {}
        for row in approved.select_related("template", "version").order_by("pk"):
            body = self.add(row.template, row.version.body, row.version.placeholders)
            if row.provider_id == provider.pk and body is not None:
                row.provider = provider
                self.approved[row.vendor_template] = at_vendor(row, body)

    def add(self, template: MessageTemplate, text: str, kinds: Any) -> Body | None:
        try:
            body = parse_body(text, parse_kinds(kinds))
        except TemplateError:  # stored by an older version's rules
            return None
        self.templates.setdefault(literals(body), (template, body))
        return body


def _proposal(row: VendorRow, known: _Known) -> Proposal:
    found = readings(row.text)
    proposal = Proposal(row, found, "", row.vendor_template, "", [], take=row.is_approved)
    _read_as(proposal, found[0].notation, known)
    known.names.add(proposal.name)
    return proposal


def _read_as(proposal: Proposal, notation: str, known: _Known) -> None:
    """The name and placeholders in this notation; those of the existing template if one has the text."""
    proposal.notation = notation
    reading = proposal.reading
    proposal.placeholders = [
        ProposedPlaceholder(each.written, each.theirs, each.name, each.kind.value) for each in reading.placeholders
    ]
    proposal.existing, proposal.is_known = None, False
    if reading.problem:
        proposal.take = False
    else:
        _look_for_same(proposal, parse_body(reading.body()), known)
    if proposal.existing is None:
        proposal.name = template_name(proposal.row.name or _first_words(reading), known.names)


def _look_for_same(proposal: Proposal, body: Body, known: _Known) -> None:
    template, same = known.templates.get(literals(body), (None, None))
    if template is None or same is None:
        return
    proposal.existing, proposal.name = template, template.name
    theirs = dict(zip(body.names, same.placeholders, strict=True))
    for placeholder in proposal.placeholders:
        found = theirs[placeholder.name]
        placeholder.name, placeholder.kind = found.name, found.kind.value
    proposal.is_known = _is_stored(proposal, body, known.approved.get(proposal.vendor_template))
    proposal.take = proposal.take and not proposal.is_known


def _is_stored(proposal: Proposal, body: Body, stored: AtVendor | None) -> bool:
    """Whether the approval with this id has this text, with each parameter in the same place."""
    places = [part for part in proposal.reading.text.parts if isinstance(part, int)]
    names = [proposal.placeholders[place].theirs for place in places]
    if stored is None or stored[0] != literals(body):
        return False
    said = zip(places, names, stored[1], strict=True)
    return all(kept in (place, name) or (isinstance(kept, str) and not name) for place, name, kept in said)


def _first_words(reading: VendorReading) -> str:
    words = " ".join(part for part in reading.text.parts if isinstance(part, str)).split()
    return " ".join(words[:_WORDS_OF_NAME])


def _guess_kinds(proposals: Sequence[Proposal]) -> None:
    """Kinds guessed from the recent texts that match a proposal. A kind guessed from a name is kept if it fits."""
    bodies = [
        (place, parse_body(each.reading.body())) for place, each in enumerate(proposals) if not each.reading.problem
    ]
    values: dict[tuple[int, str], set[str]] = defaultdict(set)
    index = Index(bodies)
    for text in recent_texts().counts:
        found = index.match(text)
        if isinstance(found, Matched):
            for name, value in found.values.items():
                values[found.key, name].add(value)
    for (place, name), seen in values.items():
        placeholder = next(each for each in proposals[place].placeholders if each.name == name)
        placeholder.kind = _kind_of(PlaceholderKind(placeholder.kind), seen).value


def _kind_of(guessed: PlaceholderKind, seen: set[str]) -> PlaceholderKind:
    plain = [value.replace("#", "1") for value in seen]
    if guessed is not PlaceholderKind.ANY and all(accepts_kind(guessed, value) for value in plain):
        return guessed
    return common_kind(seen) if len(seen) >= _ENOUGH_VALUES else PlaceholderKind.ANY


def effect_of(proposals: Sequence[Proposal]) -> Effect:
    """The effect of the selected texts without a problem on last week's texts."""
    now = approved_texts()
    ticked = [each for each in proposals if each.take and not each.problems]
    return effect(now, [*now, *(ApprovedText(None, each.name, _template(each)[1]) for each in ticked)])


# --- saving -----------------------------------------------------------------------------------------


def check(proposals: Sequence[Proposal], provider: Provider) -> None:
    """Add to each selected proposal the reasons why it can't be saved, with the same messages as the editor."""
    taken = [each for each in proposals if each.take]
    names, ids = _counted(each.name for each in taken if not each.existing), _counted(e.vendor_template for e in taken)
    stored = set(MessageTemplate.objects.filter(name__in=names).values_list("name", flat=True))
    changed = id_problems([(provider.pk, each) for each in ids])
    for proposal in proposals:
        proposal.problems = []
        if proposal.take:
            proposal.problems += _problems(proposal, provider)
            if words := changed.get((provider.pk, proposal.vendor_template)):
                proposal.problems.append(f"{shown(proposal.vendor_template)}: {words}")
            if not proposal.existing and (names[proposal.name] > 1 or proposal.name in stored):
                proposal.problems.append(
                    N_("A template named “{proposal}” already exists. Choose another name.").format(
                        proposal=proposal.name
                    )
                )
            if proposal.vendor_template and ids[proposal.vendor_template] > 1:
                proposal.problems.append(
                    N_("The list has the id {vendor_template} more than once.").format(
                        vendor_template=proposal.vendor_template
                    )
                )


def _counted(values: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for value in values:
        counts[value] += 1
    return counts


def _problems(proposal: Proposal, provider: Provider) -> list[str]:
    if proposal.reading.problem:
        return [proposal.reading.problem]
    try:
        template, body = _template(proposal)
    except TemplateError as error:
        return [str(error)]
    problems = []
    if proposal.existing is None:
        problems += _field_problems(template)
    approval = _approval(proposal, template, provider)
    try:
        registered = registered_body(approval, body)
    except TemplateError as error:
        return [*problems, str(error)]
    problems += [words for _, words in approval_problems(approval, registered)]
    if not problems and (other := same_id(approval, registered)):
        words = ID_OF_OTHER_TEXT.format(vendor_template=approval.vendor_template, template=other.template.name)
        problems.append(words)
    return problems


def _field_problems(template: MessageTemplate) -> list[str]:
    try:
        template.clean_fields(exclude=("body", "placeholders", "current_version"))
    except ValidationError as error:
        return [f"{field}: {' '.join(words)}" for field, words in error.message_dict.items()]
    return []


def _template(proposal: Proposal) -> tuple[MessageTemplate, Body]:
    """The template with the proposal's text: the existing one or a new one. Raises TemplateError."""
    kinds = {each.name: each.kind for each in proposal.placeholders}
    if len(kinds) < len(proposal.placeholders):
        raise TemplateError(N_("Two placeholders have the same name. Give each a different name."))
    body = parse_body(proposal.body, parse_kinds(kinds))
    if proposal.existing is not None:
        current = parse_body(proposal.existing.body, parse_kinds(proposal.existing.placeholders))
        return proposal.existing, current if compared(current.source) == compared(body.source) else body
    return MessageTemplate(name=proposal.name, body=body.source, placeholders=body.kinds), body


def _approval(proposal: Proposal, template: MessageTemplate, provider: Provider) -> TemplateApproval:
    """The approval with this id, the one without a vendor's id yet, or a new one."""
    row = None
    if template.pk:
        here = list(template.approvals.filter(provider=provider).select_related("version"))
        row = next((each for each in here if each.vendor_template == proposal.vendor_template), None)
        row = row or next((each for each in here if not each.vendor_template and each.version is None), None)
    row = row or TemplateApproval(template=template, provider=provider)
    row.version = None
    row.provider, row.vendor_template, row.text = provider, proposal.vendor_template, proposal.row.text
    row.parameters = _parameters(proposal, names_parameters=provider.adapter_class.names_parameters)
    row.status = TemplateApprovalStatus.APPROVED
    return row


def _parameters(proposal: Proposal, *, names_parameters: bool) -> Parameters:
    return [
        {each.name: each.theirs} if names_parameters and each.theirs not in ("", each.name) else each.name
        for each in proposal.placeholders
    ]


def take(proposals: Sequence[Proposal], provider: Provider, *, author: Any) -> list[MessageTemplate]:
    """Save all selected proposals or none. Returns the templates. Raises ActionRefused if a proposal has a problem."""
    with transaction.atomic():
        check(proposals, provider)
        faulty = [each for each in proposals if each.problems]
        if faulty:
            raise ActionRefused(N_("{count} texts have a problem. Nothing was saved.").format(count=len(faulty)))
        known = _Known(provider)
        return [_save_once(each, provider, author, known) for each in proposals if each.take]


def _save_once(proposal: Proposal, provider: Provider, author: Any, known: _Known) -> MessageTemplate:
    """The list may have a text under several ids: these are approvals of one template, or two templates would tie."""
    if proposal.existing is None:
        _look_for_same(proposal, parse_body(proposal.reading.body()), known)
    template = _save(proposal, provider, author)
    known.add(template, template.body, template.placeholders)
    return template


def _save(proposal: Proposal, provider: Provider, author: Any) -> MessageTemplate:
    template, body = _template(proposal)
    if template._state.adding:
        template.save(author=author)
    approval = _approval(proposal, template, provider)
    bind(approval, registered_body(approval, body))
    confirm(approval, by=author.get_username(), how=ConfirmedHow.IMPORT)
    approval.save()
    return template
