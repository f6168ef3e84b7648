"""Ids and names that a spreadsheet has changed, such as `42` made of `0042`, or a date of `1-2`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable
from decimal import Decimal

from providers.marking import N_
from sms.domain.matching.identifiers import ascii_words
from sms.models import MessageTemplate, TemplateApproval, TemplateApprovalStatus

from .approvals import NOT_ALLOWED

IS_NO_ID = N_("A spreadsheet has made this of another value: format the column as text, enter it again.")
MADE_OF = N_(
    "A spreadsheet may have made this of {stored}. Write {stored}; if both exist, enter this one in the form of the "
    "template."
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9:.]+)?|[0-9]{1,2}([./-])[0-9]{1,2}\1[0-9]{4}")
_TIME = re.compile(r"(?:[0-9]+ days?, )?[0-9]{1,2}(?::[0-9]{2}){1,2}")
_MONTHS = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|oca|sub|nis|haz|tem|agu|eyl|eki|kas|ara|yan|fev|iyn|iyl|avq|sen"
    "|okt|noy|dek|ian|mai|iun|iul|yanv|fevr|iyun|iyul|avg|sent|noyab|thg_?[0-9]{1,2}"
)
_DAY = re.compile(f"[0-9]{{1,2}}_(?:{_MONTHS})|(?:{_MONTHS})_[0-9]{{2}}")
"""`2-Jan` and `Jan-26` in ASCII, in the languages of the staff."""
_ERROR = re.compile(r"#+|#[^\W\d_]+(?:/[^\W_]+)?[!?]|#N/A|#Н/Д|#YOK|#NV")
_NUMBER = re.compile(r"(?i)[0-9]+(?:[., ][0-9]+)*(?:E\+?[0-9]{1,3})?")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:([., ])[0-9]{3})(?:\1[0-9]{3})*")


def numbers(value: str) -> set[Decimal]:
    """The numbers that a spreadsheet may read in a value: `1.432` has two readings, `A1` none."""
    found = [re.sub("[., ]", "", value)] if _THOUSANDS.fullmatch(value) else []
    if _NUMBER.fullmatch(value) and len(re.findall("[.,]", value)) <= 1 and " " not in value:
        found.append(value.replace(",", "."))
    return {Decimal(each) for each in found}


class Known:
    """Stored values, and those of a file, by their numbers, in groups such as the ids of one provider."""

    def __init__(self, stored: Iterable[tuple[Hashable, str]]) -> None:
        self._stored = set(stored)
        self._values: dict[tuple[Hashable, Decimal], set[str]] = defaultdict(set)
        for group, value in self._stored:
            self.add(group, value)

    def add(self, group: Hashable, value: str) -> None:
        for number in numbers(value):
            self._values[group, number].add(value)

    def problem(self, group: Hashable, value: str) -> str | None:
        """Says which other value of the group a spreadsheet may have made this of, if this one is not stored."""
        found = {each for number in numbers(value) for each in self._values.get((group, number), ())} - {value}
        is_new = (group, value) not in self._stored
        return MADE_OF.format(stored=min(found)) if found and is_new else None


def id_problems(ids: Collection[tuple[int, str]]) -> dict[tuple[int, str], str]:
    """Why some of these pairs of a provider and a vendor's id are refused: a spreadsheet may have changed the id."""
    stored: Iterable[tuple[int, str]] = ()
    if any(numbers(value) for _, value in ids):
        rows = TemplateApproval.objects.exclude(status=TemplateApprovalStatus.ENDED)
        stored = rows.values_list("provider_id", "vendor_template")
    known = Known(stored)
    for provider, value in ids:
        known.add(provider, value)
    found = {(provider, value): _problem(value) or known.problem(provider, value) for provider, value in ids}
    return {key: words for key, words in found.items() if words}


def _problem(value: str) -> str | None:
    if value.startswith("'"):
        return NOT_ALLOWED.format(bad="'")
    is_other = any(pattern.fullmatch(value) for pattern in (_DATE, _TIME, _ERROR)) or _is_day(value)
    return IS_NO_ID if is_other else None


def _is_day(value: str) -> bool:
    """A spreadsheet writes no month in capitals: ids such as MAY-26 are taken."""
    return value != value.upper() and _DAY.fullmatch(ascii_words(value)) is not None


def name_problems(names: Collection[str]) -> dict[str, str]:
    """Why some of these new names of templates are refused: a spreadsheet may have made them of another's."""
    numeric = [name for name in names if numbers(name)]
    stored = MessageTemplate.objects.values_list("name", flat=True) if numeric else ()
    known = Known((None, name) for name in stored)
    found = {name: known.problem(None, name) for name in numeric}
    return {name: words for name, words in found.items() if words}
