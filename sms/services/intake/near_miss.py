"""Why no template gave a text: the nearest one, and where the two part."""

from __future__ import annotations

from sms.domain.matching.nearest import nearest
from sms.domain.routing import Decision
from sms.services.configuration.snapshot import NO_TEMPLATES, Snapshot


def nearest_template(now: Snapshot, decision: Decision, text: str) -> str:
    """The nearest template's name and the first difference, in words; "" where no template is like the text.

    Of the providers that asked for a template and found none, the first that has a near one answers. Takes
    milliseconds. No digit of the text stands in it.
    """
    for candidate in decision.candidates:
        if candidate.code == "template_not_matched":
            approved = now.template_sets.get(candidate.provider, NO_TEMPLATES)
            found = nearest(approved.index, text)
            if found is not None:
                return f"{approved.templates[found.key].name}: {found.difference}"
    return ""
