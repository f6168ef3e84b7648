"""The effect of changed approvals on the texts of the last week, shown by the form, the imports and `provision`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from providers.marking import N_

from .unmatched import ApprovedText, recent_texts, replay_of


@dataclass(frozen=True, slots=True)
class Effect:
    """Numbers of received texts, duplicates included. `examples`: masked texts that would no longer be accepted."""

    came: int = 0
    lost: int = 0
    moved: int = 0
    tied: int = 0
    examples: tuple[str, ...] = ()

    @property
    def is_harmful(self) -> bool:
        return bool(self.lost or self.moved or self.tied)

    def __str__(self) -> str:
        words = _AND_TIED if self.tied else _LOST
        return words.format(came=self.came, lost=self.lost, moved=self.moved, tied=self.tied)


_LOST = N_("Of {came} texts of the last week {lost} would no longer match, and {moved} would match another template.")
_AND_TIED = N_(
    "Of {came} texts of the last week {lost} would no longer match, and {moved} would match another template; "
    "{tied} would match two templates and be rejected."
)
NO_EFFECT = Effect()


def effect(now: Iterable[ApprovedText], then: Iterable[ApprovedText]) -> Effect:
    """If the approved texts do not change, no texts are replayed."""
    before, after = list(now), list(then)
    if _texts(before) == _texts(after):
        return NO_EFFECT
    recent = recent_texts()
    told = replay_of(before, after, recent)
    tied = {text for text, _keys in told.ties}
    return Effect(
        came=sum(recent.counts.values()),
        lost=told.came(text for text in told.lost if text not in tied),
        moved=told.came(text for text, _now, _then in told.moved),
        tied=told.came(tied),
        examples=told.lost[:10],
    )


def _texts(texts: Iterable[ApprovedText]) -> set[tuple[str, str, str]]:
    return {(each.template, each.body.source, repr(each.body.kinds)) for each in texts}
