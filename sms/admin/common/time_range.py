"""A filter by a time range. The URL holds dates and times in ISO form, whatever the user's language.

The browser's date field shows them in the user's format. Dates in the format of Django's locale are accepted, too. A
value that is not valid gives an error on the page and an empty list.
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
"""One day before and after is still a valid date in every time zone."""
ENDS = {"from": _("From"), "to": _("To")}


class DayField(forms.DateField):
    """A date; the error names the value."""

    def to_python(self, value: Any) -> date | None:
        try:
            day = super().to_python(value)
        except ValidationError as error:
            words = _("“%(value)s” is not a date. Enter it as %(example)s.")
            raise ValidationError(words % {"value": str(value)[:40], "example": "2026-11-28"}) from error
        if day is not None and day.year not in YEARS:
            words = _("%(value)s is out of range: enter a year from %(first)d to %(last)d.")
            raise ValidationError(words % {"value": day.isoformat(), "first": YEARS[0], "last": YEARS[-1]})
        return day


class ClockField(forms.TimeField):
    """A time of day; the error names the value."""

    def to_python(self, value: Any) -> time | None:
        try:
            return super().to_python(value)
        except ValidationError as error:
            words = _("“%(value)s” is not a time. Enter it as %(example)s.")
            raise ValidationError(words % {"value": str(value)[:40], "example": "09:30"}) from error


class Input(forms.TextInput):
    """The browser's input for dates or times, which accepts only the ISO form."""

    def __init__(self, field: forms.Field, kind: str) -> None:
        super().__init__({"class": " ".join(INPUT_CLASSES), "step": "1" if kind == "time" else ""})
        self.field, self.input_type = field, kind

    def format_value(self, value: Any) -> str:
        try:
            read = self.field.to_python(value)
        except ValidationError:
            return ""  # the browser shows nothing else; the error names the value
        return read.isoformat() if read else ""


class RangeForm(forms.Form):
    """`name_from_0` and `name_from_1` are the date and time of the start, `name_to_…` those of the end."""

    def __init__(self, name: str, data: Mapping[str, str]) -> None:
        super().__init__(data)
        self.name = name
        for end, label in ENDS.items():
            day, clock = DayField(required=False), ClockField(required=False)
            day.label, clock.label = (
                _("%(bound)s: date") % {"bound": label},
                _("%(bound)s: time") % {"bound": label},
            )
            day.widget, clock.widget = Input(day, "date"), Input(clock, "time")
            self.fields |= {f"{name}_{end}_0": day, f"{name}_{end}_1": clock}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for end in ENDS:
            day, clock = (f"{self.name}_{end}_{part}" for part in (0, 1))
            if values.get(clock) is not None and not self.data.get(day):
                self.add_error(day, _("Enter a date for this time."))
        if not self.errors and self.first and self.last and self.first >= self.last:
            self.add_error(None, _("The range ends before it starts."))
        return values

    @property
    def first(self) -> datetime | None:
        """The start of the range, inclusive."""
        day, clock = self._end("from")
        return make_aware(datetime.combine(day, clock or time())) if day else None

    @property
    def last(self) -> datetime | None:
        """The end of the range, exclusive. A date alone includes the whole day, hours and minutes the whole minute."""
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
    """`narrow` filters by the range. With `problems` the list is empty."""

    template = "sms/time_range.html"
    form_class = RangeForm
    index_rank = 0
    title: Any = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = type(self).title or self.title  # Django sets the field's name

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
    """The errors of a list's filters."""
    return [words for each in filters for words in getattr(each, "problems", ())]
