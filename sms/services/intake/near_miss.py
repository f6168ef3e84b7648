"""Why no template gave a text: the nearest one, and where the two part."""

from __future__ import annotations

from sms.domain.matching.nearest import nearest
from sms.domain.routing import Decision
from sms.services.configuration.snapshot import EMPTY_SHELF, Snapshot


def nearest_template(now: Snapshot, decision: Decision, text: str) -> str:
    """The nearest template's name and the first difference, in words; "" where no template is like the text.

    Of the providers that asked for a template and found none, the first that has a near one answers; one whose template
    gives the text, but may not, with the reason. Takes milliseconds. No digit of the text stands in it.
    """
    for candidate in decision.candidates:
        if candidate.code == "template_not_matched" and candidate.template:
            return f"{candidate.template}: {candidate.reason}"
        if candidate.code == "template_not_matched":
            shelf = now.shelves.get(candidate.provider, EMPTY_SHELF)
            found = nearest(shelf.index, text)
            if found is not None:
                return f"{shelf.templates[found.key].name}: {found.difference}"
    return ""
