"""What staff can do about a rejected request, by its code, and on which page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _


class StaffRemedy(NamedTuple):
    """`page` is the name of a URL, shown to those who have the permission; "" where there is none."""

    text: Any
    page: str = ""
    permission: str = ""


NOTHING = StaffRemedy(_("Nothing: the client corrects the request and sends it again."))

REMEDIES: Mapping[str, StaffRemedy] = {
    "template_not_matched": StaffRemedy(
        _("If the text is right, create a template from it and have a provider approve it."),
        "tools_unmatched",
        "sms.see_shapes",
    ),
    "template_ambiguous": StaffRemedy(
        _("Change one of the two templates, so that only one matches the text."),
        "sms_messagetemplate_changelist",
        "sms.view_messagetemplate",
    ),
    "unknown_sender": StaffRemedy(
        _("If the client may use this sender name, add it to the client."),
        "sms_apiclient_changelist",
        "sms.view_apiclient",
    ),
    "sender_not_approved": StaffRemedy(
        _("Have the sender name approved by a provider of this destination, then mark it approved."),
        "sms_sendername_changelist",
        "sms.view_sendername",
    ),
    "recipient_blocked": StaffRemedy(
        _("Nothing, unless the recipient wants messages again: then remove the number from the block list."),
        "sms_blockednumber_changelist",
        "sms.view_blockednumber",
    ),
    "destination_not_allowed": StaffRemedy(
        _("If messages to this destination are wanted, allow the country or the type of number."),
        "sms_destination_changelist",
        "sms.view_destination",
    ),
    "no_route": StaffRemedy(
        _("Add a route for this number with a provider that is enabled."), "sms_route_changelist", "sms.view_route"
    ),
    "rate_limited": StaffRemedy(
        _("Nothing, unless this client's limits are too low: then raise them."),
        "sms_apiclient_changelist",
        "sms.view_apiclient",
    ),
}
