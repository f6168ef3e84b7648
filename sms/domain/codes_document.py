"""The list of error codes that callers get, as a page: `python -m sms.domain.codes_document > docs/error-codes.md`."""

from __future__ import annotations

import sys

from .codes import TABLE, Code

_HEAD = """# Error codes

<!-- Written by `python -m sms.domain.codes_document`; change the table in sms/domain/codes.py instead. -->

Every error, at every status and on every path outside `/admin/`, has this body, whatever the `Accept` header says:

```json
{"errors": [{"code": "required", "field": "to", "message": "to is missing."}]}
```

`code` is a promise, `message` is for people and may change. `field` is empty where no field is to blame. The header
`x-akinon-request-id` holds the request's id, yours or one that we made: name it when you ask us about a call.

The first of these groups that finds something answers:

1. 404 and 405;
2. 401;
3. 413, 415, `malformed_json`;
4. the other 400s: every field at fault, one entry each, with the first code that applies in the table's order;
5. a repeat of an accepted call: 201;
6. 422: one entry, `unknown_sender` first, then `recipient_blocked`, `destination_not_allowed`, then what routing
   found;
7. 429.

A 400 or 422 stays what it is: mend the call before you send it again. After 429, 503, 500 and 408 send the call again
with the same request id; within 24 hours it is never stored twice.

| status | code | field | meaning | what to do | example |
|---|---|---|---|---|---|
"""


def document() -> str:
    return _HEAD + "".join(_row(code) for code in TABLE)


def _row(code: Code) -> str:
    fields = ", ".join(f"`{field}`" if field else "(empty)" for field in code.fields)
    cells = (str(code.status), f"`{code.name}`", fields, code.message, code.action, f"`{code.example}`")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    sys.stdout.write(document())
