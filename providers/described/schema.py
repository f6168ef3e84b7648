"""The sections of a description that say how calls are built. Each key is checked by itself here."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from providers.address import url_problem
from providers.marking import N_

from .templates import Template, TemplateText

FORMATS = {"any": "", "visible": r"[!-~]+", "digits": r"[0-9]+", "word": r"[A-Za-z0-9_-][A-Za-z0-9._-]*"}
"""What the text of a setting may be. A regular expression of staff could take unlimited time."""
Algorithm = Literal["md5", "sha1", "sha256", "sha512"]


def matching(pattern: str, what: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(N_("{value} is no {what_text}. Correct it.").format(value=repr(value), what_text=what))
        return value

    return AfterValidator(check)


def _called(url: str) -> str:
    if problem := url_problem(url, allow_private=False, is_base=True):
        raise ValueError(problem)
    return url


def _path(template: Template) -> Template:
    if not re.fullmatch(r"/[!-~]*", "/" + template.literal) or re.search(r"[?#\\]", template.literal):
        raise ValueError(N_("A path has visible ASCII characters without ?, # and \\. Write parameters as `query`."))
    if not template.parts or not template.parts[0][0].startswith("/"):
        raise ValueError(N_("A path begins with a slash. Add it."))
    return template


Key = Annotated[str, matching(r"[a-z][a-z0-9_]{0,31}", N_("key (lower-case letters, digits, _)"))]
HeaderName = Annotated[str, matching(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}", N_("header name"))]
VISIBLE = matching(r"[^\x00-\x1f\x7f-\x9f]*", N_("text without control characters"))
"""Names, explanations and codes go into the database, e-mails and pages, which do not hold every control character."""
Words = Annotated[str, Field(min_length=1, max_length=200), VISIBLE]
Word = Annotated[str, Field(min_length=1, max_length=64), VISIBLE]
Count = Annotated[int, Field(ge=1, le=100_000)]
CallPath = Annotated[TemplateText, AfterValidator(_path)]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Vendor(Model):
    slug: Key
    name: Words
    documents: Words
    base_url: Annotated[str, AfterValidator(_called)]
    carries: Literal["text", "template", "registered_text"]
    template_id: Literal["text", "number"] = "text"
    sender: Literal["required", "optional", "fixed"]
    sender_letters: int | None = Field(None, ge=0, le=100)
    sender_digits: int | None = Field(None, ge=0, le=100)
    number_format: str = "e164"
    max_parameters: int | None = Field(None, ge=0, le=100)
    max_length: Count | None = None
    max_value_length: Count | None = None
    max_parts: Count | None = None
    blocks_callers: bool = False
    repeats_are_safe: bool = False


class Credential(Model):
    key: Key
    label: Words
    help: Words
    secret: bool = False
    kind: Literal["text", "key"] = "text"
    format: Literal["any", "visible", "digits", "word"] = "any"


class Option(Model):
    key: Key
    label: Words
    help: Words
    kind: Literal["text", "choice", "boolean", "integer", "seconds", "networks", "url", "key", "msisdn"] = "text"
    format: Literal["any", "visible", "digits", "word"] = "any"
    default: Any = None
    choices: list[Word] = []
    required: bool = False
    assumed: bool = False


class WordTable(Model):
    """A constant for each value of a placeholder: data codings, flags, parts of a path."""

    source: str = Field(alias="from")
    values: dict[str, str] = Field(min_length=1)
    otherwise: str = ""


class Row(Model):
    """One field of a header, a query or a body."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    value: TemplateText | None = None
    each: Literal["parameter", "parameter_name", "message"] | None = None
    type: Literal["text", "integer", "boolean"] = "text"
    when: str | None = None

    @model_validator(mode="after")
    def has_one_source(self) -> Row:
        if (self.value is None) == (self.each is None):
            raise ValueError(N_("A field has either `value` or `each`. Write one of them."))
        if (self.name.count("*") == 1) != (self.each is not None):
            raise ValueError(N_("The name has one * exactly where `each` is given. Correct the name or remove `each`."))
        return self


Rows = Annotated[list[Row], Field(max_length=100)]


class CallModel(Model):
    method: Literal["GET", "POST"] = "POST"
    path: CallPath
    format: Literal["form", "json", "xml"] = "form"
    content_type: Annotated[str, matching(r"[!-~][ -~]{0,99}", N_("content type"))] | None = None
    headers: Rows = []
    query: Rows = []
    body: Rows = []

    @model_validator(mode="after")
    def can_be_sent(self) -> CallModel:
        if self.method == "GET" and self.body:
            raise ValueError(N_("A GET call has no body. Write its fields as `query`, or the method POST."))
        for row in self.headers:
            if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", row.name) or row.name.lower() in _OURS or row.each:
                raise ValueError(N_("{name} can't be a header here. Remove it.").format(name=repr(row.name)))
        return self


_OURS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding"})


class Auth(Model):
    """How calls show who we are. `signature` is a digest of `text`, or an HMAC of it with a credential as the key."""

    kind: Literal["basic", "bearer", "header", "signature"]
    username: str | None = None
    password: str | None = None
    token: str | None = None
    name: Annotated[str, matching(r"[A-Za-z0-9_-]{1,64}", N_("name of a header or field"))] | None = None
    place: Literal["header", "query", "body"] | None = None
    algorithm: Algorithm | None = None
    text: TemplateText | None = None
    key: str | None = None
    encoding: Literal["hex", "base64"] = "hex"

    @model_validator(mode="after")
    def has_what_its_kind_needs(self) -> Auth:
        needed = _NEEDED[self.kind]
        given = {name for name in ("username", "password", "token", "name", "place", "algorithm", "text", "key")
                 if getattr(self, name) is not None}  # fmt: skip
        if needed - given or given - needed - ({"key"} if self.kind == "signature" else set()):
            words = N_("Auth of the kind {kind} has the keys {keys}. Add or remove what differs.")
            raise ValueError(words.format(kind=self.kind, keys=", ".join(sorted(needed))))
        if (self.name or "").lower() in _OURS and self.place in (None, "header"):
            raise ValueError(N_("{name} can't be a header here. Remove it.").format(name=repr(self.name)))
        return self


_NEEDED = {
    "basic": {"username", "password"},
    "bearer": {"token"},
    "header": {"name", "token"},
    "signature": {"name", "place", "algorithm", "text"},
}
