"""What was approved is what is sent: an edit of a template changes no approval."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from sms.domain.matching.templates import parse_body
from sms.domain.matching.vendor_text import of_body
from sms.models import Message, MessageTemplate, TemplateApproval
from sms.services.configuration import snapshot
from sms.services.provisioning.apply import provision
from tests.sms import cast
from tests.sms.approvals.ways import ByImport

TO = "+994501234567"


def send(text: str) -> int:
    return cast.send(Client(), cast.body(to=TO, text=text)).status_code


def wire(text: str) -> tuple[str, tuple[str, ...]] | None:
    """What the vendor would be given for this text: its id and the parameters in its order."""
    decision = snapshot.latest().decide(text=text, sender="AKINON", to=TO, client=1, is_otp=False)
    if decision.code:
        return None
    (chosen,) = decision.eligible
    return chosen.vendor_template, tuple(value for _, value in chosen.parameters)


EDITS = [
    # the body that was approved, a text of it, the changed body, a text of that
    ("Kod {code}. Paylasmayin.", "Kod 17. Paylasmayin.", "Kodunuz {code}. Paylasmayin.", "Kodunuz 17. Paylasmayin."),
    ("Hello {name}, order {order}", "Hello Aysel, order 7", "Hello {order}, order {name}", "Hello 7, order Aysel"),
    ("Hello {name}, order {order}", "Hello Aysel, order 7", "Order {order} for {name}", "Order 7 for Aysel"),
    ("Kod {code}", "Kod 17", "Kod {code}.", "Kod 17."),
    ("Kod {code}", "Kod 17", "kod {code}", "kod 17"),
    ("Kod {code}", "Kod 17", "Kod  {code}", "Kod  17"),
    ("Kod {code}", "Kod 17", "Kod\n{code}", "Kod\n17"),
    ("Kod {code} at {shop}", "Kod 17 at Ulduz", "Kod {code}", "Kod 17"),
    ("Kod", "Kod", "Kod {code}", "Kod 17"),
    ("Salam {name}!", "Salam Aysel!", "Salam {name}! {{x}}", "Salam Aysel! {x}"),
]


@pytest.mark.parametrize(("approved", "text", "changed", "other"), EDITS)
def test_the_old_text_goes_on_and_the_new_one_is_not_taken(way, registry, only, approved, text, changed, other):
    way.edit("t", approved)
    key = registry.register(_at_vendor(approved))
    way.approval("t", "only", vendor_template=key, status="approved")
    way.edit("t", changed)
    assert MessageTemplate.objects.get().body == changed
    for sent in (text, other):
        found = wire(sent)
        if found is not None:
            assert registry.handset_shows(*found) == sent
    assert wire(text) is not None
    assert (send(text), send(other)) == (201, 201 if wire(other) else 422)
    assert Message.objects.get(text=text).template_version.number == 1


@pytest.mark.parametrize(("approved", "text", "changed", "other"), EDITS)
def test_both_live_side_by_side_until_the_old_one_is_ended(way, registry, only, approved, text, changed, other):
    way.edit("t", approved)
    old = registry.register(_at_vendor(approved))
    way.approval("t", "only", vendor_template=old, status="approved")
    way.edit("t", changed)
    new = registry.register(_at_vendor(changed))
    way.approval("t", "only", vendor_template=new, status="approved")
    for sent in (text, other):
        assert registry.handset_shows(*wire(sent)) == sent
    way.approval("t", "only", vendor_template=old, status="ended")
    assert registry.handset_shows(*wire(other)) == other
    assert wire(text) is None or registry.handset_shows(*wire(text)) == text


def _at_vendor(body: str) -> str:
    """As it was submitted: %1, %2 … in the body's order."""
    template = parse_body(body)
    order = [(name, name) for name in template.names]
    return "".join(part if isinstance(part, str) else f"%{part + 1}" for part in of_body(template, order).parts)


NOTATIONS = [
    "Hello %1, order %2",
    "Hello {1}, order {2}",
    "Hello {{1}}, order {{2}}",
    "Hello {name}, order {order}",
    "Hello {{ name }}, order {{order}}",
    "Hello {#var#}, order {#var#}",
    "Hello ##name##, order ##order##",
    "Hello %s, order %s",
    "Hello <name>, order <order>",
    "Hello [name], order [order]",
]


@pytest.mark.parametrize("written", NOTATIONS)
def test_the_vendors_text_is_read_in_its_own_notation(way, written):
    way.edit("t", "Salam {name}, {order}")
    way.approval("t", "only", vendor_template="7", text=written, status="approved")
    assert wire("Hello Aysel, order 7") == ("7", ("Aysel", "7"))
    assert wire("Salam Aysel, 7") is None
    assert TemplateApproval.objects.get().text == written
    assert MessageTemplate.objects.get().current_version.body == "Salam {name}, {order}"


def test_a_vendors_order_of_parameters_is_the_wire_order(way):
    way.edit("t", "Order {order} for {name}")
    way.approval(
        "t", "only", vendor_template="7", text="Order %2 for %1", parameters=["name", "order"], status="approved"
    )
    assert wire("Order 7 for Aysel") == ("7", ("Aysel", "7"))


@pytest.mark.parametrize("text", ["Hello %1", "Hello %1 %2 %3", "Hello %1 %1", "Hello", "Hello %1 {2}", "%1%2"])
def test_a_vendors_text_with_other_parameters_is_refused(only, text):
    with pytest.raises(Exception, match=r"templates\[0\]\.approvals\[0\]\.text"):
        provision(
            {
                "templates": [
                    {
                        "name": "t",
                        "body": "Hello {name} {order}",
                        "approvals": [{"provider": "only", "vendor_template": "7", "text": text, "status": "approved"}],
                    }
                ]
            }
        )


def test_a_new_text_under_the_same_id_replaces_the_old_one(way, registry):
    way.edit("t", "Kod {code}")
    way.approval("t", "only", vendor_template="7", status="approved")
    way.edit("t", "Kodunuz {code}")
    way.approval("t", "only", vendor_template="7", text="Kodunuz %1", status="approved")
    assert wire("Kodunuz 17") == ("7", ("17",))
    assert wire("Kod 17") is None
    assert TemplateApproval.objects.get().version == MessageTemplate.objects.get().current_version


CHANGED_PLACES = [
    # the changed body, and the order of its parameters that staff give with it
    ("Hello {order}, order {name}", ["order", "name"]),
    ("Hello {name}, order {order}!", ["order", "name"]),
    ("Salam {ad}, {nomre}", ["ad", "nomre"]),
    ("Salam", []),
]


@pytest.mark.parametrize(("body", "parameters"), CHANGED_PLACES)
@pytest.mark.parametrize("kept_text", ["", "Hello %1, order %2"])
def test_parameters_that_come_with_a_changed_body_leave_the_old_text_as_it_is(
    only, registry, body, parameters, kept_text
):
    """One file changes the body and the order of its parameters, and names the id of the old text."""
    key = registry.register("Hello %1, order %2")
    approval = {"provider": "only", "vendor_template": key, "status": "approved", "parameters": ["name", "order"]}
    approval |= {"text": kept_text} if kept_text else {}
    provision({"templates": [{"name": "t", "body": "Hello {name}, order {order}", "approvals": [approval]}]})
    changed = {"name": "t", "body": body, "approvals": [approval | {"parameters": parameters}]}
    told = provision({"templates": [changed]})
    assert "the current text is approved nowhere" in told.notes[0]
    assert registry.handset_shows(*wire("Hello Aysel, order 7")) == "Hello Aysel, order 7"
    assert provision({"templates": [changed]}).changes == []


@pytest.mark.parametrize(("body", "parameters"), CHANGED_PLACES)
def test_an_imported_row_with_a_changed_body_leaves_the_old_text_as_it_is(only, registry, body, parameters):
    key = registry.register("Hello %1, order %2")
    way = ByImport()
    row = {"name": "t", "provider": "only", "vendor_template": key, "status": "approved"}
    way.take(row | {"body": "Hello {name}, order {order}", "parameters": '["name", "order"]'})
    way.take(row | {"body": body, "parameters": json.dumps(parameters)})
    assert MessageTemplate.objects.get().body == body
    assert registry.handset_shows(*wire("Hello Aysel, order 7")) == "Hello Aysel, order 7"


def test_a_blank_around_an_id_makes_no_other_id(way, registry):
    way.edit("t", "Kod {code}")
    way.approval("t", "only", vendor_template="7", status="approved")
    way.edit("t", "Kodunuz {code}")
    way.approval("t", "only", vendor_template=" 7 ", status="approved")
    assert wire("Kod 17") == ("7", ("17",))
    assert wire("Kodunuz 17") is None
    assert TemplateApproval.objects.count() == 1


def test_kinds_are_ours_and_change_with_the_template(only):
    """The vendor knows none of them, so an approval of the very same text goes with the edit."""
    file = {"name": "t", "body": "Kod {code}", "approvals": [{"provider": "only", "vendor_template": "7"}]}
    file["approvals"][0]["status"] = "approved"
    provision({"templates": [file]})
    assert wire("Kod abc") == ("7", ("abc",))
    provision({"templates": [{"name": "t", "placeholders": {"code": "digits"}}]})
    assert wire("Kod abc") is None
    assert wire("Kod 17") == ("7", ("17",))


def test_a_file_run_twice_changes_nothing_and_says_each_time_what_is_approved_nowhere(only):
    file = {
        "name": "t",
        "body": "Kod {code}",
        "approvals": [{"provider": "only", "vendor_template": "7", "status": "approved"}],
    }
    provision({"templates": [file]})
    changed = file | {"body": "Kodunuz {code}"}
    first = provision({"templates": [changed]})
    assert [str(change) for change in first.changes] == ["changed template t: body Kod {code} -> Kodunuz {code}"]
    second = provision({"templates": [changed]})
    assert second.changes == []
    assert first.notes == second.notes
    assert "the current text is approved nowhere; in use stays version 1 at only (7)" in first.notes[0]


def test_an_approval_that_the_file_does_not_name_is_left_alone(only):
    provision({"templates": [{"name": "t", "body": "Kod {code}", "approvals": [_approved("7")]}]})
    provision({"templates": [{"name": "t", "approvals": [_approved("8")]}]})
    assert sorted(TemplateApproval.objects.values_list("vendor_template", "status")) == [
        ("7", "approved"),
        ("8", "approved"),
    ]


def test_two_texts_under_one_id_are_told(only):
    told = provision(
        {
            "templates": [
                {"name": "a", "body": "Kod {code}", "approvals": [_approved("7")]},
                {"name": "b", "body": "Salam {name}", "approvals": [_approved("7")]},
            ]
        }
    )
    assert any("7 is approved for another text too" in note for note in told.notes)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Kod: {code}", "Kod:{code}", False),
        ("{a} {b}", "{a}\n{b}", False),
        ("{a} {b}", "{a}  {b}", False),
        ("Kod {code} .", "Kod {code}.", False),
        (" Kod {code} ", "Kod {pin}", True),
        ("Kode\u0301 {code}", "Kod\u00e9 {pin}", True),
    ],
)
def test_texts_that_differ_by_white_space_beside_a_placeholder_are_other_texts(only, one, other, is_same):
    templates = [
        {"name": name, "body": body, "approvals": [_approved("7")]} for name, body in (("a", one), ("b", other))
    ]
    told = provision({"templates": templates})
    assert any("7 is approved for another text too" in note for note in told.notes) is not is_same


def test_a_draft_stands_for_the_text_at_the_time_of_its_approval(way):
    way.edit("t", "Kod {code}")
    way.approval("t", "only", vendor_template="7", status="pending")
    way.edit("t", "Kodunuz {code}")
    way.approval("t", "only", vendor_template="7", status="approved")
    assert wire("Kodunuz 17") == ("7", ("17",))
    assert wire("Kod 17") is None


def _approved(key: str) -> dict[str, str]:
    return {"provider": "only", "vendor_template": key, "status": "approved"}


@pytest.mark.parametrize(
    ("parameters", "is_taken"),
    [
        (["name", "code"], False),
        ([], False),
        ([{"name": "customer"}, {"code": "otp"}], True),
    ],
)
def test_a_vendor_that_names_parameters_is_sent_the_names_of_its_text(only, monkeypatch, parameters, is_taken):
    monkeypatch.setattr(only.adapter_class, "names_parameters", True)
    approval = _approved("7") | {"text": "Chao {customer}, ma {otp}", "parameters": parameters}
    file = {"templates": [{"name": "t", "body": "Chao {name}, ma {code}", "approvals": [approval]}]}
    if is_taken:
        provision(file)
        assert wire("Chao Lan, ma 17") == ("7", ("Lan", "17"))
        return
    with pytest.raises(Exception, match=r"text: .* its text has customer, otp, and the approval sends name, code"):
        provision(file)


@pytest.mark.parametrize("parameters", [["name", {"code": "name"}], [{"name": "x"}, {"code": "x"}]])
@pytest.mark.parametrize("status", ["pending", "approved"])
def test_two_parameters_of_one_name_are_refused_where_the_vendor_names_them(only, monkeypatch, parameters, status):
    """The vendor's adapter would refuse every message of it, after it was accepted."""
    monkeypatch.setattr(only.adapter_class, "names_parameters", True)
    approval = _approved("7") | {"parameters": parameters, "status": status}
    with pytest.raises(Exception, match=r"parameters: Two parameters go under the same name\."):
        provision({"templates": [{"name": "t", "body": "Chao {name}, ma {code}", "approvals": [approval]}]})


@pytest.mark.parametrize(
    ("stored", "names_parameters"),
    [
        ({"parameters": [{"name": "x"}, {"code": "x"}]}, True),
        ({"text": "Chao {customer}, ma {otp}"}, True),
        ({"parameters": [{"name": "customer"}, "code"]}, False),
        ({"vendor_template": "1.1E+18"}, False),
    ],
)
def test_an_approval_that_was_saved_by_earlier_rules_can_be_ended(way, only, monkeypatch, stored, names_parameters):
    way.edit("t", "Chao {name}, ma {code}")
    way.approval("t", "only", vendor_template="7", status="approved")
    TemplateApproval.objects.update(**stored)
    monkeypatch.setattr(only.adapter_class, "names_parameters", names_parameters)
    way.approval("t", "only", vendor_template=stored.get("vendor_template", "7"), status="ended")
    assert TemplateApproval.objects.get().status == "ended"
