"""What a description states to be safe: that a call sent nothing, or that a repeat sends nothing.

No example proves it, and where it is wrong, a message is sent twice.
"""

from __future__ import annotations

from .description import Description

Statement = tuple[str, str]
_NO_CALL_FOLLOWS = ("ambiguous", "repeated")


def statements(described: Description) -> frozenset[Statement]:
    """Each as it is written in the description, with the code, state or condition that it is about."""
    answer = described.answer
    found = {(f'class = "{each.class_}"', each.code) for each in answer.codes if each.class_ not in _NO_CALL_FOLLOWS}
    found |= {
        ("refused_when", each.model_dump_json(by_alias=True, exclude_defaults=True)) for each in answer.refused_when
    }
    found |= {(f"left = false in {name}", each.word)
              for name, reading in (("receipts", described.receipts), ("poll", described.poll)) if reading
              for each in reading.states if each.left is False}  # fmt: skip
    return frozenset(found | ({("repeats_are_safe = true", "")} if described.vendor.repeats_are_safe else set()))
