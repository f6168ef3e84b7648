"""The three ways in which staff change templates and approvals: a provisioning file, the admin's form, a table."""

from __future__ import annotations

import csv
import io
import json
from typing import Any, Protocol

from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from sms.models import MessageTemplate, Provider, TemplateApproval
from sms.services.provisioning.apply import provision
from sms.services.templates import csv_import
from sms.services.templates.csv_format import COLUMNS

Values = dict[str, Any]


class Way(Protocol):
    def edit(self, name: str, body: str) -> None: ...
    def approval(self, name: str, provider: str, **values: Any) -> None: ...


class ByProvisioning:
    def edit(self, name: str, body: str) -> None:
        provision({"templates": [{"name": name, "body": body}]})

    def approval(self, name: str, provider: str, **values: Any) -> None:
        provision({"templates": [{"name": name, "approvals": [{"provider": provider, **values}]}]})


class ByImport:
    def edit(self, name: str, body: str) -> None:
        self.take({"name": name, "body": body})

    def approval(self, name: str, provider: str, **values: Any) -> None:
        body = MessageTemplate.objects.get(name=name).body
        parameters = json.dumps(values.pop("parameters", []))
        self.take({"name": name, "body": body, "provider": provider, "parameters": parameters, **values})

    def take(self, row: Values) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, restval="")
        writer.writeheader()
        writer.writerow(row)
        data = text.getvalue().encode()
        plan = csv_import.plan(data)
        assert not plan.mistakes, plan.mistakes
        if plan.is_ready:
            csv_import.apply(data, seal=plan.seal, author=None)


class ByForm:
    def __init__(self) -> None:
        self.client = Client()
        self.client.force_login(get_user_model().objects.create_superuser("editor"))

    def edit(self, name: str, body: str) -> None:
        template = MessageTemplate.objects.filter(name=name).first()
        self._save(name, template, body, [])

    def approval(self, name: str, provider: str, **values: Any) -> None:
        template = MessageTemplate.objects.get(name=name)
        stored = template.approvals.filter(
            provider__slug=provider, vendor_template=values.get("vendor_template", "").strip()
        ).first()
        self._save(name, template, template.body, [_row(stored, provider, values)])

    def _save(self, name: str, template: MessageTemplate | None, body: str, rows: list[Values]) -> None:
        forms: Values = {"name": name, "body": body, "save_anyway": "on"}
        forms |= {f"versions-{part}_FORMS": 0 for part in ("TOTAL", "INITIAL")}
        rows = sorted(rows, key=lambda row: "id" not in row)
        forms |= {"approvals-TOTAL_FORMS": len(rows), "approvals-INITIAL_FORMS": sum("id" in row for row in rows)}
        for place, row in enumerate(rows):
            forms |= {f"approvals-{place}-{key}": value for key, value in row.items()}
        page = "admin:sms_messagetemplate_add" if template is None else "admin:sms_messagetemplate_change"
        answer = self.client.post(reverse(page, args=() if template is None else (template.pk,)), forms)
        assert answer.status_code == 302, _faults(answer)


def _row(stored: TemplateApproval | None, provider: str, values: Values) -> Values:
    row: Values = {"provider": Provider.objects.get(slug=provider).pk, "note": "", "text": "", "parameters": []}
    if stored is not None:
        row |= {"id": stored.pk, "template": stored.template_id, "text": stored.text, "status": stored.status}
        row |= {"vendor_template": stored.vendor_template, "parameters": stored.parameters}
    row |= values
    pairs = [next(iter(each.items())) if isinstance(each, dict) else (each, "") for each in row["parameters"]]
    return row | {"parameters": [ours for ours, _ in pairs], "parameters-vendor": [theirs for _, theirs in pairs]}


def _faults(answer: Any) -> list[str]:
    sets = [each.formset for each in answer.context["inline_admin_formsets"]]
    forms = [answer.context["adminform"].form, *(form for each in sets for form in each.forms)]
    told = [form.errors for form in forms] + [each.non_form_errors() for each in sets]
    return [str(each) for each in told if each]


WAYS = {"provisioning": ByProvisioning, "import": ByImport, "form": ByForm}
