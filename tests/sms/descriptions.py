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
body = [{{ name = "to", value = "{{to}}" }}, {{ name = "text", value = "{{text}}" }}]

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

[[examples]]
name = "accepted"
answer = {{ status = 200, body = '{{"ok": true, "id": "77"}}' }}
means = "{accepted}"

[[examples]]
name = "code 7"
answer = {{ status = 200, body = '{{"ok": false, "code": "7"}}' }}
means = "{failure}"
"""


def description(
    slug: str = "acme",
    *,
    name: str = "Acme",
    base_url: str = "https://api.acme.example",
    failure: str = "recipient",
    accepted: str = "accepted",
) -> str:
    """`failure`: the class of the code 7. `accepted`: what an example expects of an accepted message."""
    return _TEXT.format(slug=slug, name=name, base_url=base_url, failure=failure, accepted=accepted)
