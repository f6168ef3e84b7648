"""Form fields and searches for phone numbers, which accept numbers in any common notation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from sms.domain.phone import PhoneError
from sms.domain.typed_phone import NationalNumber, read, read_start

MAX_TYPED_LENGTH = 100
"""Characters of a number, with separators and text around the digits."""


class NumberField(forms.CharField):
    """A phone number; its value is in E.164 form."""

    read: ClassVar[Callable[[str], str]] = staticmethod(read)

    def __init__(self, **facts: Any) -> None:
        super().__init__(**facts | {"max_length": MAX_TYPED_LENGTH})

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        try:
            return self.read(typed) if typed else typed
        except PhoneError as error:
            raise ValidationError(str(error)) from error


class NumberStartField(NumberField):
    """A number prefix, as routes use it."""

    read = staticmethod(read_start)


class TypedNumbers:
    """A mixin for model admins. `number_fields` names the number fields, `number_search` those searched by exact value.

    A search for a national number lists the rows with exactly these digits. If there are none, it asks for the country.
    """

    number_fields: ClassVar[Mapping[str, type[NumberField]]] = {}
    number_search: ClassVar[tuple[str, ...]] = ()

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if own := self.number_fields.get(db_field.name):
            kwargs["form_class"] = own
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        term = search_term.strip()
        if not (term and self.number_search):
            return super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
        wanted = Q()
        for field in self.number_search:
            wanted |= Q(**{f"{field}__in": sorted({term, searched(term) or term})})
        found = queryset.filter(wanted)
        ask_for_country(request, term, found)
        return found, False


def searched(term: str) -> str:
    """The E.164 form to search for. Bare digits get a plus. Empty if the term is not a number."""
    try:
        return read(term)
    except NationalNumber as national:
        return f"+{national.digits}" if 7 <= len(national.digits) <= 15 else ""
    except PhoneError:
        return ""


def ask_for_country(request: HttpRequest, term: str, found: QuerySet) -> None:
    """Ask for the country of a national number if no row has exactly these digits."""
    try:
        read(term)
    except NationalNumber as national:
        if len(national.digits) >= 7 and not found.exists():
            messages.warning(request, str(national))
    except PhoneError:
        return


def searched_start(request: HttpRequest, term: str) -> str:
    """The prefix to search for. Empty, with a warning on the page, if the term is not a number."""
    try:
        return read_start(term) if term.strip() else ""
    except PhoneError as error:
        messages.warning(request, str(error))
        return ""
