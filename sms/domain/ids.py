"""UUIDs that are ordered by time."""

from __future__ import annotations

import uuid


def uuid7(milliseconds: int, random_bits: int) -> uuid.UUID:
    """A version 7 UUID (RFC 9562, 5.7) of a Unix time in milliseconds and 74 random bits.

    Rows that are inserted together are close in the index, so inserts change only its last page, and "newest first" is
    the descending order of the primary key.
    """
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76
    value |= (random_bits >> 62 & 0xFFF) << 64
    value |= 0b10 << 62
    value |= random_bits & (1 << 62) - 1
    return uuid.UUID(int=value)
