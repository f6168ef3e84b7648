"""Form fields and searches for phone numbers, which accept numbers in any common notation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from django.db.models.options import Options
from django.http import HttpRequest

from sms.domain.phone import PhoneError
from sms.domain.typed_phone import NationalNumber, read, read_start
from sms.services.access import access_records
from sms.translation import translated

from . import privacy

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
            raise ValidationError(translated(error)) from error


class NumberStartField(NumberField):
    """A number prefix, as routes use it."""

    read = staticmethod(read_start)


class TypedNumbers:
    """A mixin for model admins. `number_fields` names the number fields, `number_search` those searched by exact value.

    A search for a national number lists the rows with exactly these digits. If there are none, it asks for the country.
    Users who see no numbers can't search or sort by them, because the result could confirm a number. Everybody can
    search the other columns, `exact_search`.
    """

    number_fields: ClassVar[Mapping[str, type[NumberField]]] = {}
    number_search: ClassVar[tuple[str, ...]] = ()
    exact_search: ClassVar[tuple[str, ...]] = ()

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if own := self.number_fields.get(db_field.name):
            kwargs["form_class"] = own
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        own = super().get_ordering(request) or self.model._meta.ordering  # type: ignore[misc, attr-defined]
        is_by_number = any(name.lstrip("-") in self.number_search for name in own)
        return ("-pk",) if is_by_number and not privacy.sees_numbers() else own

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        term = search_term.strip()
        if not (term and self.number_search):
            return super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
        wanted = Q(pk__in=[])
        for field in (*self.exact_search, *(self.number_search if privacy.sees_numbers() else ())):
            wanted |= Q(**{f"{field}__in": sorted({term, searched(term) or term})})
        found = queryset.filter(wanted)
        record_search(request, self.opts, term)  # type: ignore[attr-defined]
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


def record_search(request: HttpRequest, opts: Options, term: str) -> None:
    """Record that somebody who sees numbers searched for one."""
    number = searched(term.strip()) if privacy.sees_numbers() else ""
    if number:
        actor = request.user.get_username()
        subject = str(opts.verbose_name_plural)
        access_records.record(access_records.Kind.SEARCHED, actor=actor, subject=subject, number=number)


def ask_for_country(request: HttpRequest, term: str, found: QuerySet) -> None:
    """Ask for the country of a national number if no row has exactly these digits."""
    try:
        read(term)
    except NationalNumber as national:
        if len(national.digits) >= 7 and not found.exists():
            messages.warning(request, translated(national))
    except PhoneError:
        return


def searched_start(request: HttpRequest, term: str) -> str:
    """The prefix to search for. Empty, with a warning on the page, if the term is not a number."""
    try:
        return read_start(term) if term.strip() else ""
    except PhoneError as error:
        messages.warning(request, translated(error))
        return ""
