"""Where a text and a template part if it is not for one cause alone: the first place where a literal is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from providers.marking import N_
from sms.domain.matching.causes import Difference, common_prefix, value_problem
from sms.domain.matching.describing import both, excerpt, excerpt_of_text
from sms.domain.matching.splitting import Form, Slot


@dataclass(slots=True)
class Diff:
    """How far a template's literals are found in a text, one after the other, and the first place where they are not.

    `agreed` counts the literal characters that were found.
    """

    form: Form
    names: Sequence[str]
    text: str
    agreed: int = 0
    position: int = 0
    difference: Difference | None = None

    def run(self) -> Diff:
        last = len(self.form.slots)
        self._first(self.form.literals[0], is_whole=last == 0)
        for number in range(1, last + 1):
            self._next(self.form.slots[number - 1], self.names[number - 1], self.form.literals[number], number == last)
        return self

    @property
    def literal_length(self) -> int:
        return sum(map(len, self.form.literals))

    @property
    def similarity(self) -> int:
        """Agreeing characters count for a template, missing ones against it."""
        return 2 * self.agreed - self.literal_length

    def _note(self, at: int, words: str) -> None:
        if self.difference is None:
            self.difference = Difference(at + 1, words)

    def _first(self, literal: str, *, is_whole: bool) -> None:
        same = self.agreed = self.position = common_prefix(literal, self.text)
        if same < len(literal):
            self._parts_at(same, literal[same:])
            self._go_on_behind(literal[same:], same, same)
        elif is_whole and same < len(self.text):
            self._note(
                same,
                N_("the template ends where the text goes on with {excerpt}").format(
                    excerpt=excerpt_of_text(self.text[same:])
                ),
            )

    def _next(self, slot: Slot, name: str, literal: str, is_last: bool) -> None:
        """Compare a slot of one character or more and the literal after it."""
        least = self.position + 1
        if least > len(self.text):
            self._note(self.position, N_("the text ends where the template goes on with {{{name}}}").format(name=name))
            return
        start = self._end_of_text(literal, least) if is_last else self.text.find(literal, least)
        if start < least:
            self._missing(literal, least, name)
            return
        self._check(slot, name, start)
        self.agreed += len(literal)
        self.position = start + len(literal)

    def _end_of_text(self, literal: str, least: int) -> int:
        """Where the last literal begins at the text's end. If it occurs elsewhere, the text after it is surplus."""
        if self.text.endswith(literal):
            return len(self.text) - len(literal)
        start = self.text.find(literal, least)
        if start >= 0:
            rest = self.text[start + len(literal) :]
            self._note(
                start + len(literal),
                N_("the template ends where the text goes on with {excerpt}").format(excerpt=excerpt_of_text(rest)),
            )
        return start

    def _check(self, slot: Slot, name: str, end: int) -> None:
        if self.difference is None:
            self.difference = value_problem(slot, name, self.text[self.position : end], self.position)

    def _missing(self, literal: str, least: int, name: str) -> None:
        """Record the difference at a missing literal: after its beginning or before its end, if that is in the text."""
        size = len(literal)
        same, at = _longest_found(lambda length: literal[:length], size, self.text, least)
        tail, tail_at = _longest_found(lambda length: literal[size - length :], size, self.text, least)
        if same == tail == 0:
            self._note(
                self.position,
                N_("behind {{{name}}} the template has {excerpt}, which the text has not").format(
                    name=name, excerpt=excerpt(literal)
                ),
            )
        elif same >= tail:
            self.agreed += same
            self._parts_at(at + same, literal[same:])
            self._go_on_behind(literal[same:], at + same, at + same)
        else:
            if self.text.startswith(literal, self.position):
                self._note(self.position, N_("the text has nothing for {{{name}}}").format(name=name))
            self._note(tail_at - 1, both(literal[-tail - 1], self.text[tail_at - 1]))
            self.agreed += tail
            self.position = tail_at + tail

    def _parts_at(self, at: int, rest: str) -> None:
        """Record that from here on the template has `rest`, and the text something else or nothing."""
        if at >= len(self.text):
            self._note(at, N_("the text ends where the template goes on with {excerpt}").format(excerpt=excerpt(rest)))
        else:
            self._note(at, both(rest[0], self.text[at]))

    def _go_on_behind(self, rest: str, least: int, otherwise: int) -> None:
        """Continue after a difference, at the end of the literal if it occurs in the text."""
        size = len(rest)
        tail, at = _longest_found(lambda length: rest[size - length :], size - 1, self.text, least)
        self.agreed += tail
        self.position = at + tail if tail else otherwise


def _longest_found(piece: Callable[[int], str], most: int, text: str, least: int) -> tuple[int, int]:
    """The longest piece in the text, and where it first stands; a piece holds every shorter one."""
    low, found = 0, least
    while low < most:
        middle = (low + most + 1) // 2
        at = text.find(piece(middle), least)
        if at < 0:
            most = middle - 1
        else:
            low, found = middle, at
    return low, found
