"""The filter of a time from … to …: dates and times go into the address in ISO form, whatever the reader's language.

The browser's own date field shows them in the reader's way. Dates as Django writes them in the reader's language are
read too. What can't be read is an error on the page, and lists nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import make_aware
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.widgets import INPUT_CLASSES

YEARS = range(1971, 9998)
"""A day more on either side, in any time zone, is still a date."""
ENDS = {"from": _("From"), "to": _("To")}


class DayField(forms.DateField):
    """A date; the error names what was written."""

    def to_python(self, value: Any) -> date | None:
        try:
            day = super().to_python(value)
        except ValidationError as error:
            words = _("“%(value)s” is no date. Write it as %(example)s.")
            raise ValidationError(words % {"value": str(value)[:40], "example": "2026-11-28"}) from error
        if day is not None and day.year not in YEARS:
            words = _("%(value)s is too far away: take a year from %(first)d to %(last)d.")
            raise ValidationError(words % {"value": day.isoformat(), "first": YEARS[0], "last": YEARS[-1]})
        return day


class ClockField(forms.TimeField):
    """A time of the day; the error names what was written."""

    def to_python(self, value: Any) -> time | None:
        try:
            return super().to_python(value)
        except ValidationError as error:
            words = _("“%(value)s” is no time. Write it as %(example)s.")
            raise ValidationError(words % {"value": str(value)[:40], "example": "09:30"}) from error


class Input(forms.TextInput):
    """A field of the browser's own for dates or times, which knows the ISO form alone."""

    def __init__(self, field: forms.Field, kind: str, label: Any) -> None:
        super().__init__({"class": " ".join(INPUT_CLASSES), "aria-label": label, "step": "1" if kind == "time" else ""})
        self.field, self.input_type = field, kind

    def format_value(self, value: Any) -> str:
        try:
            read = self.field.to_python(value)
        except ValidationError:
            return ""  # the browser would show nothing else; the error names it
        return read.isoformat() if read else ""


class RangeForm(forms.Form):
    """`name_from_0` and `name_from_1` are the date and the time of the beginning; the end's are alike."""

    def __init__(self, name: str, data: Mapping[str, str]) -> None:
        super().__init__(data)
        self.name = name
        for end, label in ENDS.items():
            day, clock = DayField(required=False), ClockField(required=False)
            day.widget = Input(day, "date", f"{label}: {_('date')}")
            clock.widget = Input(clock, "time", f"{label}: {_('time')}")
            self.fields |= {f"{name}_{end}_0": day, f"{name}_{end}_1": clock}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for end in ENDS:
            day, clock = (f"{self.name}_{end}_{part}" for part in (0, 1))
            if values.get(clock) is not None and not self.data.get(day):
                self.add_error(day, _("A time needs its date."))
        if not self.errors and self.first and self.last and self.first >= self.last:
            self.add_error(None, _("The time ends before it begins."))
        return values

    @property
    def first(self) -> datetime | None:
        """The first moment that is wanted."""
        day, clock = self._end("from")
        return make_aware(datetime.combine(day, clock or time())) if day else None

    @property
    def last(self) -> datetime | None:
        """The first moment after those wanted: of a date alone the whole day is, of hours and minutes the minute."""
        day, clock = self._end("to")
        if not day:
            return None
        if clock is None:
            return make_aware(datetime.combine(day + timedelta(days=1), time()))
        has_seconds = str(self.data.get(f"{self.name}_to_1", "")).count(":") > 1
        return make_aware(datetime.combine(day, clock)) + timedelta(seconds=1 if has_seconds else 60)

    def _end(self, end: str) -> tuple[date | None, time | None]:
        values = self.cleaned_data
        return values.get(f"{self.name}_{end}_0"), values.get(f"{self.name}_{end}_1")

    def problems(self) -> list[str]:
        return [str(words) for found in self.errors.values() for words in found]


class TimeRangeFilter(RangeDateTimeFilter):
    """`narrow` says what lies between; `problems` is not empty if it can't be known, and then the list is."""

    template = "sms/time_range.html"
    form_class = RangeForm

    @property
    def form(self) -> RangeForm:
        given = {name: str(self.used_parameters.get(name) or "") for name in self.expected_parameters()}
        return self.form_class(str(self.parameter_name), given)

    @property
    def problems(self) -> list[str]:
        return self.form.problems()

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        form = self.form
        if problems := form.problems():
            for words in problems:
                messages.error(request, words)
            return queryset.none()
        return self.narrow(queryset, form.first, form.last)

    def narrow(self, queryset: QuerySet, first: datetime | None, last: datetime | None) -> QuerySet:
        raise NotImplementedError

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        yield {"form": self.form}


def problems_of(filters: Iterable[Any]) -> list[str]:
    """What can't be read of the filters of a list."""
    return [words for each in filters for words in getattr(each, "problems", ())]
