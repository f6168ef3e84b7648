"""The base classes of all lists and forms: allowed lookups, no COUNT, escaped characters in forms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import BadRequest, ValidationError
from django.core.paginator import Page, Paginator
from django.db import models
from django.db.models import QuerySet
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.views import ChangeList

from sms.domain.csv_escaping import unescaped
from sms.services.database import uuid_range

from .row_ids import can_be, guarded
from .stale_forms import StaleForms
from .time_range import problems_of

_UNSTORABLE = re.compile(r"(\\(?:u|U0000)(?:0000|d[89a-f][0-9a-f]{2}))")
"""The escapes of NUL and of surrogates, which PostgreSQL can't store."""


def typed(value: str) -> str:
    r"""The submitted text: shown escapes (`\u202e`) become the characters again, line ends become LF.

    Those of NUL and of surrogates stay as they are: a form has validated the text before.
    """
    parts = _UNSTORABLE.split(value)
    parts[::2] = map(unescaped, parts[::2])
    return "".join(parts).replace("\r\n", "\n")


class EscapedCharField(forms.CharField):
    """Converts shown escapes before the value is validated. Lone surrogates, which no database stores, are refused."""

    def to_python(self, value: Any) -> str:
        text = typed(super().to_python(value))
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise ValidationError(_("Half of a surrogate pair is not allowed."))
        return text


SEARCHED = 20_000
"""How many rows a page of a list searches at most for filters that have no common index."""
BEFORE = "before"
"""The URL parameter with the key of the row before which such a search begins."""


class CountlessPaginator(Paginator):
    """Paginates without COUNT: one row beyond the page tells whether a next page exists."""

    template_name = "sms/pagination.html"
    last_page = 200
    """Beyond it, OFFSET reads too many rows. Staff use filters instead."""

    @cached_property
    def count(self) -> int:
        return self.per_page * self.last_page

    def page(self, number: Any) -> Page:
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        rows = list(self.object_list[first : first + self.per_page + 1])
        page = self._get_page(rows[: self.per_page], number, self)
        self.has_more = len(rows) > self.per_page
        return page


class CountlessChangeList(ChangeList):
    """A list without a total, because its rows are not counted, unless it has one page only.

    If the chosen filters have no common index, a page searches only the newest SEARCHED rows that the best index finds,
    and links to the search in the older ones: otherwise a value that no row has would read the whole table.
    `index_rank` of a filter says which index is best: the lowest; None has none, 0 is a range of the key, which narrows
    each index.
    """

    is_countless = True
    searched_to: Any = None
    """The key of the last row that was searched; None if all rows were."""

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        found = super().get_filters_params(params)
        found.pop(BEFORE, None)
        return found

    def get_results(self, request: HttpRequest) -> None:
        every_row = self.queryset
        self.queryset = self._searched(request)
        super().get_results(request)
        self.queryset = every_row  # for the export
        if self.page_num == 1 and not self.paginator.has_more and not self.searched_to:
            self.result_count = len(self.result_list)
        self.full_result_count = self.result_count

    def _searched(self, request: HttpRequest) -> QuerySet:
        chosen = [each for each in self.filter_specs if any(each.used_parameters.values())]
        indexed = _common_index(chosen)
        if self.query or len(indexed) == len(chosen) or problems_of(chosen):
            return self.queryset
        older = {"pk__lt": request.GET[BEFORE]} if can_be(self.opts.pk, request.GET.get(BEFORE, "")) else {}
        candidates = self.model._default_manager.filter(**older)
        for each in indexed:
            candidates = each.queryset(request, candidates)
        keys = candidates.order_by("-pk").values_list("pk", flat=True)
        self.searched_to = next(iter(keys[SEARCHED - 1 : SEARCHED]), None)
        found = self.queryset.filter(**older)
        return found.filter(pk__gte=self.searched_to) if self.searched_to else found

    @property
    def older_query(self) -> str:
        """The query string of the search in the older rows."""
        return self.get_query_string({BEFORE: str(self.searched_to)}, remove=[PAGE_VAR])

    @property
    def searched_since(self) -> datetime | None:
        """When the last row that was searched was created, if its key says so."""
        return uuid_range.time_of_id(self.searched_to) if isinstance(self.searched_to, UUID) else None

    @property
    def searched(self) -> int:
        return SEARCHED


def _common_index(chosen: Iterable[Any]) -> list[Any]:
    """The filters whose rows one index finds in the order of the list."""
    ranked = [each for each in chosen if getattr(each, "index_rank", None) is not None]
    ranked.sort(key=lambda each: each.index_rank)
    ranges = sum(each.index_rank == 0 for each in ranked)
    return ranked[: ranges + 1]


class AllowedLookups:
    """Allows only the parameters of a list's own filters and rejects all others.

    Django allows every local field with every operator, so a reader could guess a secret or a text character by
    character.
    """

    list_filter: Sequence[Any]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup in set(self.filter_parameters())

    def filter_parameters(self) -> Iterable[str]:
        for listed in self.list_filter:
            if not isinstance(listed, tuple):
                yield listed.parameter_name
            else:
                yield from range_parameters(listed[0])

    def filter_titles(self) -> dict[str, Any]:
        return {each.parameter_name: each.title for each in self.list_filter if not isinstance(each, tuple)}

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        return to_field == self.model._meta.pk.name  # type: ignore[attr-defined]


def range_parameters(field: str) -> list[str]:
    """The parameter names of the theme's time range filter."""
    return [f"{field}_{end}_{part}" for end in ("from", "to") for part in (0, 1)]


class RowsField(forms.ModelMultipleChoiceField):
    """Choices of several rows. An id that no row can have is an error: the database would fail on it."""

    def clean(self, value: Any) -> Any:
        for each in value or ():
            if not can_be(self.queryset.model._meta.pk, str(each)):
                raise ValidationError(self.error_messages["invalid_pk_value"], params={"pk": str(each)[:40]})
        return super().clean(value)


class EscapedForms:
    """Form fields show hidden characters as escapes (config/headers.py) and convert them back on submit."""

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, models.ManyToManyField):
            kwargs.setdefault("form_class", RowsField)
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if type(field) in (forms.CharField, forms.SlugField):
            to_python = field.to_python
            field.to_python = lambda value: typed(to_python(value)) if value else to_python(value)
        return field


class DefaultsForm(forms.ModelForm):
    """A form in which an empty field takes the model's default."""

    defaults: Sequence[str] = ()

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        for name in self.defaults:
            if name in values and values[name] is None:
                values[name] = self._meta.model._meta.get_field(name).get_default()
        return values


def protected_by(row: models.Model) -> list[str]:
    """The kinds of rows with a PROTECT reference to this one, which prevent its deletion."""
    kinds = []
    for relation in row._meta.get_fields(include_hidden=True):
        if isinstance(relation, ForeignObjectRel) and relation.on_delete is models.PROTECT:
            referring = relation.related_model._base_manager.filter(**{relation.field.name: row})
            kinds += [str(relation.related_model._meta.verbose_name_plural)] if referring.exists() else []
    return list(dict.fromkeys(kinds))


class BaseAdmin(StaleForms, AllowedLookups, EscapedForms, ModelAdmin):
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    list_filter_submit = True
    list_fullwidth = True
    warn_unsaved_form = True
    save_on_top = False
    actions_selection_counter = True

    def get_urls(self) -> list[URLPattern]:
        return guarded(super().get_urls(), self)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Respond with 400 if a filter's value is not valid."""
        if not all(can_be(self.model._meta.pk, ticked) for ticked in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise BadRequest(_("A selected row has an invalid id."))
        response = super().changelist_view(request, extra_context)
        shown = getattr(response, "context_data", None) or {}
        if "cl" in shown and problems_of(shown["cl"].filter_specs):
            response.status_code = 400
        return response

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[Any], dict[Any, Any], set[str], list]:
        """Say why a row can't be deleted. Django would load and list every message that refers to it."""
        protected = [(row, kinds) for row in objs if (kinds := protected_by(row))]
        if not protected:
            return super().get_deleted_objects(objs, request)
        reason = _("%(row)s can't be deleted: it has %(kinds)s.")
        return [], {}, set(), [reason % {"row": row, "kinds": _join(kinds)} for row, kinds in protected]


def _join(kinds: Sequence[str]) -> str:
    return (
        kinds[0]
        if len(kinds) == 1
        else _("%(several)s and %(last)s") % {"several": ", ".join(kinds[:-1]), "last": kinds[-1]}
    )


class ReadOnly:
    """For rows that the product writes: staff can view them, nobody can change them."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, BaseAdmin):
    paginator = CountlessPaginator
    actions = None
    sortable_by: Sequence[str] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CountlessChangeList


class RowsInline(EscapedForms, TabularInline):
    extra = 0
    hide_title = True


class StackInline(EscapedForms, StackedInline):
    extra = 0
    hide_title = True


class ReadOnlyInline(ReadOnly, TabularInline):
    extra = 0
    max_num = 0
    can_delete = False
    hide_title = True

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return self.fields or ()
