"""Generated templates that contain each other, as a vendor has registered them, and texts that nearly fit them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from sms.domain.matching.kinds import PlaceholderKind
from sms.domain.matching.placeholders import Placeholder
from sms.services.configuration.snapshot import ApprovalRow
from tests.sms.domain.matching.values import HOSTS, VALUES

from .oracle import Approval, Parts, Slot, is_template, rendered

SCRIPTS = {
    "az": ["Əli", "ə", "şəh", "İ", "ı", "I", "i", "Çap", "ğ", "sifariş", "₼", " AZN", "noyabr"],
    "tr": ["Ağrı", "İ", "ı", "i", "i\u0307", "ışık", "ş", "Ö", "TL", "kasım"],
    "ro": ["Ț", "ț", "ţ", "ș", "s\u0326", "ăâî", "lei", "noiembrie"],
    "vi": ["ễ", "e\u0302\u0303", "e\u0303\u0302", "đ", "ữ", "u\u031b", "\u0303", "\u0323", "\u0301", "ngày 1", "đồng"],
    "ru": ["Заказ", "й", "и\u0306", "и", "Ё", "е\u0308", "е", "руб.", "ноября", "о"],
    "signs": ["🎁", "👩\u200d👧", "❤\ufe0f", "\u200f", "\u200e", "\u200d", "\u00ad", "\u202e", "Ø"],
    "blanks": ["\u00a0", "\u202f", "\u2009", "\u3000", "  ", "\t", "\u2028", "\u2002", "\u2000"],
    "equal": ["\u037e", ";", "\u212b", "Å", "A\u030a", "\u0387", "·", "\u1100", "\u1161", "가", "ﬁ", "fi"],
}
PLAIN = [" ", ", ", ".", ":", "-", "/", "1", "0", "a", "aa", "ab", "b", "www.", "https://", "az", "\n", "\r\n", "'"]
PLAIN += ["{", "}", "%", "#", "[", "@", "+", "a b", " a ", "Kod: ", ". "]
MORE_VALUES = {
    "any": ["aa", "a\u0301", "1", " a"],
    "digits": ["٣"],
    "date": ["ngày 1 tháng 2"],
    "name": ["Nguye\u0302\u0303n"],
    "link": ["HTTP://b.az:80/"],
}
"""Those that only nearly fit are among them."""
MOST_CHARACTERS = 70


@dataclass(frozen=True)
class Group:
    """The approvals of one provider. `refused`: texts of staff that are no templates, in their notation."""

    approvals: tuple[Approval, ...]
    rows: tuple[ApprovalRow, ...]
    refused: tuple[tuple[str, dict[str, object]], ...]


class Maker:
    """Makes the cases of one group, from one source of chance and with a few pieces in common."""

    def __init__(self, random: Random) -> None:
        self.random = random
        own = random.sample(PLAIN, 5) + random.sample(SCRIPTS[random.choice(list(SCRIPTS))], 3)
        self.pieces = [" ", *own, *random.sample(SCRIPTS[random.choice(list(SCRIPTS))], 2)]

    # --- templates -------------------------------------------------------------------

    def group(self) -> Group:
        templates: list[Parts] = []
        refused: list[Parts] = []
        for _ in range(self.random.choice((1, 2, 3, 4, 6, 24))):
            made = self.varied(self.random.choice(templates)) if templates and self.chance(0.6) else self.parts()
            (templates if is_template(made) else refused).append(made)
        approvals = [made for number, parts in enumerate(templates) for made in self.approvals(number, parts)]
        rows = tuple(self.row(each) for each in approvals)
        return Group(tuple(approvals), rows, tuple((source(parts), kinds(parts)) for parts in refused))

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def parts(self) -> Parts:
        is_literal, made = self.chance(0.6), []
        for number in range(self.random.randint(1, 6)):
            made.append(self.literal() if is_literal else self.slot(f"p{number}"))
            is_literal = not is_literal
        return made

    def literal(self) -> str:
        return "".join(self.random.choices(self.pieces, k=self.random.randint(1, 3)))

    def slot(self, name: str) -> Slot:
        kind = self.random.choice(["any", "any", *PlaceholderKind])
        longest = self.random.choice([None, None, None, self.random.randint(1, 12)])
        shortest = self.random.choice([None, None, None, self.random.randint(1, 4)])
        slot = Slot(name, str(kind), shortest, longest, HOSTS if kind == "link" and self.chance(0.5) else ())
        declared = Placeholder(name, PlaceholderKind(slot.kind), longest, shortest, slot.hosts)
        return self.slot(name) if declared.problem else slot

    def varied(self, parts: Parts) -> Parts:
        """Another template inside or around this one; some are no templates."""
        made = list(parts)
        at = self.random.randrange(len(made))
        change = self.random.randrange(6)
        if change == 0:
            made[at] = self.value(made[at]) if isinstance(made[at], Slot) else self.slot(f"q{at}")
        elif change == 1 and isinstance(made[at], Slot):
            made[at] = self.slot(made[at].name)
        elif change == 2:
            made.insert(at, self.literal())
        elif change == 3:
            made.insert(at, self.slot(self.random.choice(["q", "p1", "p2"])))
        elif change == 4 and len(made) > 1:
            del made[at]
        else:
            made = [replace_name(part, f"r{number}") for number, part in enumerate(made)]
        return joined(made)

    def approvals(self, number: int, parts: Parts) -> list[Approval]:
        names = [part.name for part in parts if isinstance(part, Slot)]
        count = self.random.choice((1, 1, 1, 2))
        return [self.approval(number * 2 + each, f"t{number}", parts, names) for each in range(count)]

    def approval(self, id_: int, template: str, parts: Parts, names: Sequence[str]) -> Approval:
        order = self.random.sample(names, len(names))
        theirs = [name if self.chance(0.5) else f"their_{name}" for name in order]
        registered = self.registered(parts) if names and self.chance(0.05) else parts
        return Approval(id_, template, parts, tuple(zip(order, theirs, strict=True)), registered)

    def registered(self, parts: Parts) -> Parts:
        """A text of the vendor that is not the template's; the template's where no notation can write it."""
        literals = [at for at, part in enumerate(parts) if isinstance(part, str)]
        other = list(parts)
        if literals:
            other[self.random.choice(literals)] = self.literal()
        return other if is_written(other) else parts

    def row(self, approval: Approval) -> ApprovalRow:
        own_order = tuple((part.name, part.name) for part in approval.parts if isinstance(part, Slot))
        parameters = [] if approval.order == own_order else [{ours: theirs} for ours, theirs in approval.order]
        is_own = approval.registered == approval.parts
        text = "" if is_own and self.chance(0.5) else written(approval, self.random)
        body, declared = source(approval.parts), kinds(approval.parts)
        return ApprovalRow(approval.id, str(approval.id), text, parameters, approval.template, 1, body, declared)

    # --- texts -----------------------------------------------------------------------

    def text(self, group: Group) -> str:
        text = self.near(group)
        for _ in range(self.random.choice((0, 0, 1, 2))):
            text = self.changed(text)
        return text[:MOST_CHARACTERS]

    def near(self, group: Group) -> str:
        if not group.approvals or self.chance(0.15):
            return "".join(self.random.choices(self.pieces, k=self.random.randint(1, 9)))
        parts = self.random.choice(group.approvals).parts
        return rendered(parts, {part.name: self.value(part) for part in parts if isinstance(part, Slot)})

    def value(self, part: str | Slot) -> str:
        if isinstance(part, Slot) and self.chance(0.6):
            return self.random.choice([*VALUES[PlaceholderKind(part.kind)], *MORE_VALUES.get(part.kind, ())])
        return "".join(self.random.choices(self.pieces, k=self.random.randint(1, 3)))

    def changed(self, text: str) -> str:
        at = self.random.randrange(len(text) + 1)
        change = self.random.randrange(5)
        if change == 0:
            return text[:at] + text[at + 1 :]
        if change == 1:
            return text[:at] + self.random.choice(self.pieces) + text[at + self.random.randint(0, 2) :]
        if change == 2:
            return unicodedata.normalize(self.random.choice(["NFD", "NFC"]), text)
        if change == 3:
            return text.replace(" ", self.random.choice(["\u00a0", "\u202f", "  "]), 1)
        return self.random.choice([f" {text}\r\n", text.replace("\n", "\r\n"), f"{text}\u200f", f"\u00a0{text}"])


def joined(parts: Sequence[str | Slot]) -> Parts:
    """Literals beside each other become one."""
    made: list[str | Slot] = []
    for part in parts:
        if isinstance(part, str) and made and isinstance(made[-1], str):
            made[-1] += part
        else:
            made.append(part)
    return made


def replace_name(part: str | Slot, name: str) -> str | Slot:
    return part._replace(name=name) if isinstance(part, Slot) else part


# --- notations ---------------------------------------------------------------------------


def source(parts: Parts) -> str:
    """A template in the notation of staff: doubled braces stand for braces."""
    doubled = str.maketrans({"{": "{{", "}": "}}"})
    return "".join(part.translate(doubled) if isinstance(part, str) else f"{{{part.name}}}" for part in parts)


def kinds(parts: Parts) -> dict[str, object]:
    return {part.name: part.declaration for part in parts if isinstance(part, Slot)}


def is_written(parts: Parts) -> bool:
    """Whether nothing in the literals can be taken for a placeholder of some notation."""
    return not any(set(part) & set("{}%#[<$") for part in parts if isinstance(part, str))


def written(approval: Approval, random: Random) -> str:
    """The vendor's text in one of its notations; "" if there is none."""
    if not is_written(approval.registered):
        return ""
    has_digits = any(set(part) & set("0123456789") for part in approval.registered if isinstance(part, str))
    marks = random.choice(["{{{place}}}", "{{{name}}}", "{{{name}}}" if has_digits else "%{place}"])
    places = {ours: (place, theirs) for place, (ours, theirs) in enumerate(approval.order, start=1)}
    return "".join(
        part if isinstance(part, str) else marks.format(place=places[part.name][0], name=places[part.name][1])
        for part in approval.registered
    )
