"""Texts of the theme (django-unfold) and of other libraries that have no translations of their own.

Nothing imports this: the catalogues are collected from it.
"""

from __future__ import annotations

from providers.marking import N_

TEXTS = (
    N_("Add new item"),
    N_("Add row"),
    N_("After you've created a user, you’ll be able to edit more user options."),
    N_("Apply Filters"),
    N_("By %(filter_title)s"),
    N_("Cancel"),
    N_("Change History"),
    N_("Change reason"),
    N_("Changed by"),
    N_("Changes"),
    N_("Code"),
    N_("Comment"),
    N_("Dark"),
    N_("Date"),
    N_("Date from"),
    N_("Date to"),
    N_("Expand row"),
    N_("False"),
    N_("Filters"),
    N_("From"),
    N_("General"),
    N_("Go back"),
    N_("Light"),
    N_("More actions"),
    N_("Next"),
    N_("No data"),
    N_("No results found"),
    N_("Object"),
    N_("Previous"),
    N_("Reset filters"),
    N_("Run"),
    N_("Select action"),
    N_("Select action to run"),
    N_("Select all rows"),
    N_("Select record"),
    N_("Select value"),
    N_("Submit"),
    N_("System"),
    N_("This item will be deleted."),
    N_("This object doesn't have a change history."),
    N_("This page yielded into no results. Create a new item or reset your filters."),
    N_("To"),
    N_("Toggle password visibility"),
    N_("True"),
    N_("Type to search"),
    N_("Value"),
    N_("Welcome"),
    N_("You have been successfully logged out from the administration"),
)
