"""The sender names that a vendor accepts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from providers.marking import N_


class SenderUse(StrEnum):
    """Whether a call names the sender. Without one the vendor shows the account's own."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class SenderRule:
    """The longest sender of letters (or of letters and digits), and the longest number.

    None: the vendor states no limit. 0: it accepts no such sender.
    """

    use: SenderUse = SenderUse.FIXED
    letters: int | None = None
    digits: int | None = None

    @property
    def takes_name(self) -> bool:
        return self.use is not SenderUse.FIXED

    @property
    def is_required(self) -> bool:
        return self.use is SenderUse.REQUIRED

    def problem(self, name: str) -> str:
        """A message for staff why the vendor does not accept this sender; "" if it does."""
        number = name.removeprefix("+")
        is_number = number.isascii() and number.isdigit()
        kind, most, length = (
            (N_("digits"), self.digits, len(number)) if is_number else (N_("letters"), self.letters, len(name))
        )
        if most is None or length <= most:
            return ""
        if not most:
            return N_("This vendor accepts no sender of {kind_text}, such as {name}.").format(kind_text=kind, name=name)
        return N_(
            "The sender {name} has {length} characters; this vendor takes at most {most} where it is of {kind_text}."
        ).format(name=name, length=length, most=most, kind_text=kind)


FIXED_SENDER = SenderRule()
REQUIRED_SENDER = SenderRule(SenderUse.REQUIRED)
"""A sender name with each call, of a length that no document of the vendor limits."""
