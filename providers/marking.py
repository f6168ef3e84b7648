"""Marks texts for translation. No text is translated here: the admin does that where it shows one."""

from __future__ import annotations


def N_(text: str) -> str:  # noqa: N802
    """A text, or a template with named fields for `format`, that goes into the catalogues as it is."""
    return text
