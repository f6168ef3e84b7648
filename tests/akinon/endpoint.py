"""A caller of POST /send-sms as the platform's document describes it, at any address."""

from __future__ import annotations

import base64
import http.client
import json
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

SECONDS = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def errors(self) -> list[dict[str, Any]]:
        """The entries of an error answer. Fails the test where it is not in the format of the document."""
        assert self.headers["content-type"].split(";")[0] == "application/json", self.headers
        value = json.loads(self.body)
        assert set(value) == {"errors"}, value
        assert value["errors"], value
        for entry in value["errors"]:
            assert set(entry) == {"code", "field", "message"}, entry
            assert all(isinstance(word, str) for word in entry.values()), entry
            assert entry["code"], entry
            assert entry["message"], entry
        return value["errors"]

    def codes(self) -> set[tuple[str, str]]:
        """Code and field of each entry."""
        return {(entry["code"], entry["field"]) for entry in self.errors()}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to call, as whom, and what may really be sent (`message`; None: nothing)."""

    url: str
    user: str
    password: str
    message: dict[str, Any] | None = field(default=None)

    def call(
        self,
        body: Any = None,
        *,
        method: str = "POST",
        path: str = "/send-sms",
        login: str | None = None,
        chunked: bool = False,
        **headers: str | None,
    ) -> Answer:
        """One call. Bytes go as they are, a None header is left out; in header names `_` stands for `-`."""
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent: dict[str, str | None] = {
            "Authorization": self.basic(login),
            "Content-Type": "application/json",
            "x-akinon-request-id": str(uuid.uuid4()),
            "x-akinon-api-version": "2",
        }
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self._exchange(method, path, raw, {k: v for k, v in sent.items() if v is not None}, chunked)

    def basic(self, login: str | None = None) -> str:
        words = login if login is not None else f"{self.user}:{self.password}"
        return "Basic " + base64.b64encode(words.encode()).decode()

    def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str], chunked: bool) -> Answer:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
        content = iter([body[:5], body[5:]]) if chunked and body else body
        try:
            connection.request(method, parts.path.rstrip("/") + path, content, headers, encode_chunked=chunked)
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()
