"""The time range filter accepts dates in every language of Django and never returns an unfiltered list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.conf.locale import LANG_INFO
from django.forms import SplitDateTimeField
from django.utils import formats, translation
from django.utils.timezone import make_aware
from unfold.widgets import UnfoldAdminSplitDateTimeWidget

from sms.admin.common.time_range import RangeForm
from sms.services.database.uuid_range import min_id

LIST = "/admin/sms/message/"
EXPORT = LIST + "export/"
LANGUAGES = sorted(code for code, facts in LANG_INFO.items() if "fallback" not in facts)
OURS = ("en", "az", "tr", "ro", "vi", "ru")
DAYS = (datetime(2026, 3, 4, 5, 6, 7), datetime(2026, 12, 31, 23, 59, 58), datetime(2028, 2, 29, 0, 0, 0))
"""The first can be told from itself with day and month swapped."""


def formats_of(language: str) -> object:
    modules = formats.get_format_modules(language)
    return next((found for module in modules if (found := getattr(module, "DATE_INPUT_FORMATS", None))), None)


def form(**values: str) -> RangeForm:
    made = RangeForm("at", {f"at_{name}": value for name, value in values.items()})
    made.is_valid()
    return made


@pytest.mark.parametrize("language", LANGUAGES)
def test_dates_are_read_in_iso_form_and_as_each_language_writes_them(language):
    with translation.override(language):
        day_formats = {"%Y-%m-%d", formats.get_format("DATE_INPUT_FORMATS")[0]}
        clock_formats = {"%H:%M:%S", "%H:%M", formats.get_format("TIME_INPUT_FORMATS")[0]}
        for at in DAYS:
            for day in day_formats:
                assert form(from_0=at.strftime(day)).first == make_aware(at.replace(hour=0, minute=0, second=0))
                for clock in clock_formats:
                    found = form(from_0=at.strftime(day), from_1=at.strftime(clock))
                    assert found.problems() == []
                    assert found.first == make_aware(datetime.strptime(at.strftime(f"%Y%m%d{clock}"), f"%Y%m%d{clock}"))


@pytest.mark.parametrize("language", [each for each in LANGUAGES if formats_of(each) is None])
def test_in_a_language_without_formats_of_its_own_only_the_iso_form_is_read(language):
    """Django's fallback would read the month first."""
    with translation.override(language):
        assert form(from_0="11/12/2026").problems()


def test_vietnamese_dates_are_read_day_first():
    with translation.override("vi"):
        assert form(from_0="28/11/2026").first == form(from_0="28-11-2026").first == make_aware(datetime(2026, 11, 28))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_fields_of_the_page_hold_the_iso_form_in_each_language(language):
    with translation.override(language):
        written = DAYS[0].strftime(formats.get_format("DATE_INPUT_FORMATS")[0])
        page = form(from_0=written, from_1="05:06:07", to_0="2026-12-31", to_1="").as_p()
    for value in ('type="date" name="at_from_0" value="2026-03-04"', 'type="time" name="at_from_1" value="05:06:07"',
                  'type="date" name="at_to_0" value="2026-12-31"', 'type="time" name="at_to_1"'):  # fmt: skip
        assert value in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_time_of_a_form_comes_back_as_it_was_in_each_language(language):
    """Forms keep the theme's calendar, which writes the first format of the language."""
    for at in DAYS:
        with translation.override(language):
            field = SplitDateTimeField(widget=UnfoldAdminSplitDateTimeWidget())
            parts = field.widget.decompress(make_aware(at))
            written = [widget.format_value(part) for widget, part in zip(field.widget.widgets, parts, strict=True)]
            has_seconds = "S" in formats.get_format("TIME_INPUT_FORMATS")[0]
            assert field.clean(written) == make_aware(at if has_seconds else at.replace(second=0))


@pytest.mark.parametrize(
    ("to", "end"),
    [
        (("2026-11-28", ""), datetime(2026, 11, 29)),
        (("2026-11-28", "10:30"), datetime(2026, 11, 28, 10, 31)),
        (("2026-11-28", "10:30:15"), datetime(2026, 11, 28, 10, 30, 16)),
        (("2026-12-31", "23:59"), datetime(2027, 1, 1)),
        (("", ""), None),
    ],
)
def test_an_end_takes_all_of_its_day_minute_or_second(to, end):
    assert form(to_0=to[0], to_1=to[1]).last == (make_aware(end) if end else None)


UNREADABLE = (
    {"from_0": "yesterday"},
    {"from_0": "2026-13-01"},
    {"from_0": "2026-02-30"},
    {"to_0": "28.11.2026x"},
    {"to_0": "'; drop table"},
    {"from_0": "0001-01-01"},
    {"from_0": "1969-12-31"},
    {"to_0": "9999-12-31"},
    {"to_0": "99999-01-01"},
    {"to_0": "-2026-01-01"},
    {"from_0": "2026-11-28", "from_1": "25:00"},
    {"from_0": "2026-11-28", "from_1": "noon"},
    {"from_1": "10:00"},
    {"to_1": "10:00"},
    {"from_0": "2026-11-28", "to_0": "2026-11-27"},
    {"from_0": "2026-11-28", "from_1": "10:00", "to_0": "2026-11-28", "to_1": "09:00"},
    {"from_0": "x" * 5000},
)


@pytest.mark.parametrize("given", UNREADABLE, ids=str)
def test_what_can_not_be_read_is_an_error_on_the_page_and_lists_nothing(given, boss, cast):
    cast.message()
    query = {f"created_at_{name}": value for name, value in given.items()}
    page = boss.get(LIST, query)
    assert page.status_code == 400
    assert list(page.context["cl"].result_list) == []
    for words in form(**given).problems():
        assert words in unescape(page.content.decode())
    assert boss.get(EXPORT, query).status_code == 400


@pytest.mark.parametrize("language", OURS)
def test_the_list_is_filtered_the_same_in_each_language(language, boss, cast):
    at = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
    wanted = cast.message(id=min_id(at))
    cast.message(id=min_id(at - timedelta(days=28)))
    cast.message(id=min_id(datetime(2026, 4, 3, 12, 0, tzinfo=UTC)))  # day and month swapped
    with translation.override(language):
        for day in {"%Y-%m-%d", formats.get_format("DATE_INPUT_FORMATS")[0]}:
            written = at.strftime(day)
            query = {"created_at_from_0": written, "created_at_to_0": written}
            page = boss.get(LIST, query, HTTP_ACCEPT_LANGUAGE=language)
            assert [message.pk for message in page.context["cl"].result_list] == [wanted.pk], written
            assert 'name="created_at_from_0" value="2026-03-04"' in page.content.decode()
            wrong = boss.get(LIST, query | {"created_at_to_0": "31.31.2026"}, HTTP_ACCEPT_LANGUAGE=language)
            assert wrong.status_code == 400
            assert not wrong.context["cl"].result_list


def test_fields_that_are_empty_filter_nothing(boss, cast):
    cast.message()
    names = ("from_0", "from_1", "to_0", "to_1")
    page = boss.get(LIST, {f"created_at_{name}": "" for name in names})
    assert (page.status_code, len(page.context["cl"].result_list)) == (200, 1)
