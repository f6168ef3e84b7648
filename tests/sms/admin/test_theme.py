"""Checks each name of the theme that the product uses, so that an upgrade that removes one fails here.

The theme is young and pinned to one release. Where a name is gone, look for what took its place, change what leans on
it, and put the new name here.
"""

from __future__ import annotations

import inspect
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import unfold
from django.contrib.staticfiles import finders
from django.template import Context, Engine
from django.template.loader import get_template
from django.test import RequestFactory
from django.urls import reverse
from unfold.settings import CONFIG_DEFAULTS

from config.admin_theme import UNFOLD
from sms.models import Message

PROJECT = Path(__file__).parents[3]
THEME = Path(unfold.__file__).parent
SITE = (THEME / "sites.py").read_text()
FOUND = "The theme (django-unfold) has no {name} any more: {what}."


def gone(name: str, what: str) -> str:
    return FOUND.format(name=name, what=what)


# --- names in its code -----------------------------------------------------------------------

ATTRIBUTES = {
    "unfold.admin.ModelAdmin.get_actions_detail": "a message's page offers only what can be done now",
    "unfold.admin.ModelAdmin.list_before_template": "views, search hints and imports stand above the lists",
    "unfold.admin.ModelAdmin.list_filter_submit": "filters wait for their button",
    "unfold.admin.ModelAdmin.list_fullwidth": "lists use the whole width",
    "unfold.admin.ModelAdmin.warn_unsaved_form": "a form asks before changes are lost",
    "unfold.admin.ModelAdmin.actions_detail": "the buttons on top of a row's page",
    "unfold.admin.TabularInline.hide_title": "rows of approvals without a heading each",
    "unfold.admin.StackedInline.hide_title": "a provider's state without a heading",
    "unfold.forms.BaseDialogForm.base_fields": "dialogs are forms after a POST (_form_submitted)",
    "unfold.enums.ActionVariant.PRIMARY": "the main button",
    "unfold.enums.ActionVariant.DANGER": "the button that cancels",
    "unfold.enums.ActionVariant.DEFAULT": "all other buttons",
    "unfold.sites.UnfoldAdminSite.each_context": "the reader's own choice of light and dark",
    "unfold.sites.UnfoldAdminSite.has_permission": "nobody passes without a second factor where one is due",
    "unfold.widgets.UnfoldAdminSelectWidget.build_attrs": "the dropdowns of filters",
    "unfold.utils.parse_datetime_str": "the filter from … to … reads times",
    "unfold.views.ChangeList.get_results": "lists count nothing",
}


@pytest.mark.parametrize("path", ATTRIBUTES)
def test_its_code_has(path: str) -> None:
    package, module, *names = path.split(".")
    found: Any = import_module(f"{package}.{module}")
    for name in names:
        assert hasattr(found, name), gone(path, ATTRIBUTES[path])
        found = getattr(found, name)


PARAMETERS = {
    ("unfold.decorators", "action", "dialog"): "what changes something asks in a dialog, never on GET",
    ("unfold.decorators", "action", "permissions"): "each action needs its permission",
    ("unfold.decorators", "action", "description"): "the words on a button",
    ("unfold.decorators", "action", "icon"): "the sign on a button",
    ("unfold.decorators", "action", "variant"): "the colour of a button",
    ("unfold.decorators", "action", "url_path"): "the address of an action",
    ("unfold.decorators", "display", "label"): "coloured words in lists",
    ("unfold.decorators", "display", "description"): "the head of a column",
    ("unfold.dataclasses", "UnfoldAction", "action_name"): "which action a button is for",
    ("unfold.forms", "BaseDialogForm", "object_id"): "a dialog knows its row",
    ("unfold.forms", "BaseDialogForm", "request"): "a dialog knows its reader",
}


@pytest.mark.parametrize(("module", "name", "parameter"), PARAMETERS)
def test_its_functions_take(module: str, name: str, parameter: str) -> None:
    taken = inspect.signature(getattr(import_module(module), name)).parameters
    assert parameter in taken, gone(f"{module}.{name}({parameter}=…)", PARAMETERS[module, name, parameter])


def test_a_dialog_is_submitted_by_its_hidden_field() -> None:
    from unfold.forms import BaseDialogForm

    assert "_form_submitted" in BaseDialogForm.base_fields, gone("_form_submitted", "a dialog's POST is told by it")


def test_a_dialogs_button_is_named_by_our_words() -> None:
    from unfold.dataclasses import ActionDialog

    wanted = {"title", "description", "form_class", "form_submit_text"}
    assert wanted <= set(ActionDialog.__annotations__), gone("a key of dialog=", "title, words and button of dialogs")


def test_the_filter_of_times_keeps_its_parameters() -> None:
    from unfold.contrib.filters.admin import RangeDateTimeFilter

    from sms.admin.common.base import range_parameters

    request = RequestFactory().get("/")
    parameters = {name: ["2026-01-01"] for name in range_parameters("created_at")}
    made = RangeDateTimeFilter(
        Message._meta.get_field("created_at"), request, parameters, Message, None, field_path="created_at"
    )
    wanted = set(range_parameters("created_at"))
    assert wanted <= set(made.used_parameters), gone("created_at_from_0 and the like", "the list's allowed parameters")


def test_the_dropdown_of_a_filter_takes_our_form() -> None:
    from unfold.contrib.filters.admin import DropdownFilter
    from unfold.contrib.filters.forms import DropdownForm

    assert DropdownFilter.form_class is DropdownForm, gone("DropdownFilter.form_class", "filters are drawn quickly")
    assert DropdownForm.widget.attrs["class"], gone("DropdownForm.widget", "filters are drawn quickly")


def settings_of_ours(given: dict[str, Any], at: str = "") -> list[str]:
    """The path of each key of the theme's setting, down to where the theme itself knows no further keys."""
    found = []
    for key, value in given.items():
        path = f"{at}{key}"
        found.append(path)
        if isinstance(value, dict) and path != "COLORS":
            found += settings_of_ours(value, f"{path}.")
    return found


@pytest.mark.parametrize("path", settings_of_ours(UNFOLD))
def test_its_setting_has_the_key(path: str) -> None:
    known: Any = CONFIG_DEFAULTS
    for key in path.split("."):
        # One key has no default, and is read all the same.
        assert key in known or f'"{key}"' in SITE, gone(f'UNFOLD["{path}"]', "config/admin_theme.py sets it")
        known = known.get(key, {})


# --- its templates ------------------------------------------------------------------------------

TEMPLATES = {
    "unfold/helpers/app_list_badge.html": "we show none where the count is zero, in its place",
    "unfold/layouts/unauthenticated.html": "the log-in page",
    "unfold/helpers/unauthenticated_title.html": "the log-in page",
    "unfold/helpers/messages.html": "the log-in page",
    "unfold/helpers/messages/errornote.html": "the log-in page",
    "unfold/helpers/messages/error.html": "the log-in page",
    "unfold/helpers/field.html": "the log-in page",
    "unfold/components/button.html": "the log-in page",
    "admin/base_site.html": "our own pages",
    "admin/change_form.html": "a message's and a template's page",
    "admin/actions.html": "“Select all” of a list that is not counted",
    "admin/login.html": "we show a field for a second factor, in its place",
    "admin/index.html": "the dashboard stands in its place",
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_has_the_template(name: str) -> None:
    assert (THEME / "templates" / name).is_file(), gone(name, TEMPLATES[name])


def test_our_badge_is_included_where_the_menu_is_drawn() -> None:
    menu = (THEME / "templates/unfold/helpers/app_list.html").read_text()
    for words in ("unfold/helpers/app_list_badge.html", "with item=item"):
        assert words in menu, gone(words, "badges in the menu")


BLOCKS = {
    ("admin/actions.html", "actions-counter"): "“Select all” of a list that is not counted",
    ("admin/base_site.html", "content"): "our own pages",
    ("admin/change_form.html", "content"): "a message's page",
    ("admin/change_form.html", "title"): "a message's page keeps the number out of its title",
    ("admin/change_form.html", "footer"): "a message's page has no row of buttons",
    ("admin/change_form.html", "after_field_sets"): "the preview beside a template",
    ("unfold/layouts/unauthenticated.html", "content"): "the log-in page",
    ("unfold/layouts/unauthenticated.html", "extrastyle"): "the log-in page",
}


@pytest.mark.parametrize(("template", "block"), BLOCKS)
def test_its_template_has_the_block(template: str, block: str) -> None:
    assert block in blocks_of(template), gone(f"block {block} in {template}", BLOCKS[template, block])


@cache
def blocks_of(name: str) -> frozenset[str]:
    """The blocks of a template and of those that it extends."""
    source = (THEME / "templates" / name).read_text()
    own = set(re.findall(r"{%-?\s*block\s+([\w-]+)", source))
    parent = re.search(r"""{%\s*extends\s+["']([^"']+)""", source)
    return frozenset(own | (blocks_of(parent[1]) if parent else set()))


@pytest.mark.parametrize("tag", ["component", "infinite_paginator_url"])
def test_its_tag_library_has(tag: str) -> None:
    libraries = Engine.get_default().template_libraries
    assert "unfold" in libraries, gone("the tag library unfold", "log-in page and pagination")
    assert tag in libraries["unfold"].tags | libraries["unfold"].filters, gone(f"tag {tag}", "log-in page, pagination")


def test_a_badge_of_the_menu_is_given_as_a_callback() -> None:
    shown = get_template("unfold/helpers/app_list_badge.html").template
    assert "7" in shown.render(Context({"item": {"badge": "x", "badge_callback": 7}}))
    assert "badge_callback" in SITE, gone("badge_callback", "the counts in the menu")


# --- what our script and style look for in its pages -----------------------------------------------

LIST, FORM = "the messages list", "a template's page"
MARKS = {
    (LIST, 'id="main"'): "the skip link leads there, and it is the page's landmark",
    (LIST, 'id="result_list"'): "the list refreshes itself",
    (LIST, "action-select"): "a ticked row stays while the list refreshes itself",
    (LIST, 'id="searchbar"'): "the search has a label",
    (LIST, 'id="searchbar-submit"'): "the search's button has a label",
    (LIST, 'id="changelist-filter-close"'): "what lies behind the filters is no stop of Tab",
    (LIST, "x-on:click="): "what opens on a click can be reached by keyboard",
    (LIST, "openUserLinks"): "the account menu has a name",
    (LIST, "material-symbols-outlined"): "icon names are not read aloud",
    (LIST, "dock_to_right"): "the button that hides the menu has a name",
    (LIST, "unfold_more"): "the account menu has a name",
    (LIST, "filter_list"): "the button of the filters has a name",
    (LIST, "data-label="): "inputs in rows have labels",
    (FORM, "more_"): "the menu inside a row has a name",
    ("a message's page", "hx-get="): "actions open in a dialog",
    ("a message's page", 'hx-target="#modal-content"'): "a new secret stands in the dialog; the dialog has a name",
    ("the dashboard", 'class="chart"'): "charts are drawn (our own markup)",
}


@pytest.fixture
def pages(boss, cast) -> dict[str, str]:
    message = cast.message("failed")
    row = reverse("admin:sms_messagetemplate_change", args=(cast.template.pk,))
    addresses = {
        LIST: reverse("admin:sms_message_changelist"),
        FORM: row,
        "a message's page": reverse("admin:sms_message_change", args=(message.pk,)),
    }
    found = {name: boss.get(address).content.decode() for name, address in addresses.items()}
    return {**found, "the dashboard": (PROJECT / "templates/admin/index.html").read_text()}


def test_its_pages_have_the_marks_that_our_script_looks_for(pages: dict[str, str]) -> None:
    missing = [gone(f"{mark} on {page}", what) for (page, mark), what in MARKS.items() if mark not in pages[page]]
    assert missing == []


STYLE = (PROJECT / "sms/static/sms/admin.css").read_text()


@pytest.mark.parametrize("variable", sorted(set(re.findall(r"var\((--color-[\w-]+)\)", STYLE))))
def test_it_sets_the_colour(variable: str) -> None:
    group, _, shade = variable.removeprefix("--color-").partition("-")
    colours = {**CONFIG_DEFAULTS["COLORS"], **UNFOLD["COLORS"]}
    assert shade in colours.get(group, ()), gone(f"the variable {variable}", "sms/admin.css uses it")
    base = (THEME / "templates/unfold/layouts/skeleton.html").read_text()
    assert "--color-{{ name }}-{{ weight }}" in base, gone(
        "--color-… of COLORS in each page", "sms/admin.css uses them"
    )


SCRIPT = {
    'querySelectorAll(".chart")': "the dashboard's chart",
    "dataset.options": "the chart's bars are stacked",
    "dataset.value": "the chart's numbers",
    "dataset.type": "the chart is one of bars",
    "Chart.defaults": "letters of the chart can be read on a dark page",
}


@pytest.mark.parametrize("words", SCRIPT)
def test_its_script_reads(words: str) -> None:
    script = Path(finders.find("unfold/js/app.js")).read_text()
    assert words in script, gone(f"{words} in app.js", SCRIPT[words])
