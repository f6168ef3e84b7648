"""Descriptions of made-up vendors."""

from __future__ import annotations

_TEXT = """\
[vendor]
slug = "{slug}"
name = "{name}"
documents = "Made up for the tests."
base_url = "{base_url}"
carries = "text"
sender = "optional"

[[credentials]]
key = "token"
label = "Token"
help = "From the vendor's page."
secret = true

[auth]
kind = "bearer"
token = "token"

[request]
path = "/send"
format = "json"
body = [
  {{ name = "to", value = "{{to}}" }},
  {{ name = "text", value = "{{text}}" }},
  {{ name = "from", value = "{{sender}}", when = "sender" }},
]

[answer]
accepted_when = [{{ path = "ok", is = true }}]
id = "id"
code = "code"
codes = [{{ code = "7", class = "{failure}", text = "The vendor says {failure}." }}]

[receipts]
address = "registered"
source = "json"
reference = "ref"
state = "status"
states = [{{ word = "ok", state = "delivered" }}]

[sample.credentials]
token = "made-up-token-1"

[[examples]]
name = "request"
[examples.request]
method = "POST"
url = "{base_url}/send"
headers = {{ Content-Type = "application/json", Authorization = "Bearer made-up-token-1" }}
body = '{{"to": "+994501234567", "text": "Your code is 004217."}}'

[[examples]]
name = "delivered"
receipt = {{ headers = {{ Content-Type = "application/json" }}, body = '{{"ref": "0197", "status": "ok"}}' }}
reports = [{{ state = "delivered", reference = "0197" }}]

[[examples]]
name = "accepted"
answer = {{ status = 200, body = '{{"ok": true, "id": "77"}}' }}
means = "accepted"

[[examples]]
name = "code 7"
answer = {{ status = 200, body = '{{"ok": false, "code": "7"}}' }}
means = "{expected}"
"""


def description(
    slug: str = "acme",
    *,
    name: str = "Acme",
    base_url: str = "https://api.acme.example",
    failure: str = "recipient",
    expected: str = "",
) -> str:
    """`failure`: the class of the code 7. `expected`: the one that its example expects, if it is another."""
    return _TEXT.format(slug=slug, name=name, base_url=base_url, failure=failure, expected=expected or failure)
