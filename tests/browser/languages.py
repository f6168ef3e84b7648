"""The texts that a page shows in a language, from the product's catalogues."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext, override

from .chromium import Window

_FIELD = re.compile(r"%\(\w+\)s|\{\w+\}")


@dataclass(frozen=True)
class Texts:
    """In one language; `en` are the texts of the code."""

    language: str

    def __call__(self, text: str) -> str:
        with override(self.language):
            return gettext(text)

    def like(self, text: str, plural: str = "", count: int = 2) -> re.Pattern[str]:
        """What matches the text with any values in its fields; `plural` and `count` for a text with a number."""
        with override(self.language):
            found = ngettext(text, plural, count) if plural else gettext(text)
        return re.compile(".+".join(map(re.escape, _FIELD.split(found))))


def choose(window: Window, language: str) -> Texts:
    """As a person does: on the page of preferences, which is shown in English before."""
    page = window.open("/admin/tools/preferences/")
    page.get_by_label("Language", exact=True).select_option(language)
    page.get_by_role("button", name="Save").click()
    page.locator(f"html[lang={language}]").wait_for(state="attached")
    return Texts(language)
