"""`/webhooks/<vendor>/<key>`: which calls are accepted, what is stored, and the answers."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client, override_settings

from sms.models import Attempt, Callback, Message, Provider
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.webhooks import tokens
from tests.sms import cast
from tests.sms.cast import errors, send

VENDOR = cast.FreeText.slug


@pytest.fixture
def provider(caller: Client) -> Provider:
    return Provider.objects.get(slug="free")


@pytest.fixture
def attempt(caller: Client, provider: Provider) -> Attempt:
    send(caller)
    return Attempt.objects.create(
        id=uuid.uuid4(),
        message=Message.objects.get(),
        number=1,
        provider=provider,
        lease_token=uuid.uuid4(),
        started_at=clock.now(),
    )


def path(key: str, vendor: str = VENDOR) -> str:
    return f"/webhooks/{vendor}/{key}"


CALLS: list[tuple[str, dict[str, Any]]] = [
    ("GET", {"QUERY_STRING": "status=sent&id=7"}),
    ("POST", {"data": b"status=sent&id=7", "content_type": "application/x-www-form-urlencoded"}),
    ("POST", {"data": b'{"status": "sent"}', "content_type": "application/json"}),
    ("POST", {"data": b"\x00\xff not text", "content_type": "application/octet-stream"}),
    ("POST", {"data": b"<xml/>", "content_type": "no/thing; we=know"}),
    ("POST", {"data": b"", "content_type": ""}),
]


@pytest.mark.parametrize(("method", "call"), CALLS)
def test_any_call_with_a_right_key_is_stored_raw_and_answered_200(
    caller: Client, attempt: Attempt, method: str, call: dict[str, Any]
) -> None:
    key = tokens.attempt_token(attempt.provider_id, attempt.id)
    response = caller.generic(method, path(key), **call)
    assert (response.status_code, response.content) == (200, b"")
    kept = Callback.objects.get()
    assert (kept.provider_id, kept.attempt_id, kept.method) == (attempt.provider_id, attempt.id, method)
    assert bytes(kept.query) == call.get("QUERY_STRING", "").encode()
    assert bytes(kept.body or b"") == call.get("data", b"")
    assert kept.source == "127.0.0.1"


def test_both_spellings_and_a_providers_own_key_are_served(caller: Client, provider: Provider) -> None:
    key = tokens.provider_token(provider.pk)
    assert caller.post(path(key)).status_code == caller.post(path(key) + "/").status_code == 200
    assert Callback.objects.get().attempt_id is None
    assert Callback.objects.get().count == 2


def test_every_wrong_key_is_the_same_404(caller: Client, attempt: Attempt) -> None:
    right = tokens.attempt_token(attempt.provider_id, attempt.id)
    other = Provider.objects.get(slug="only")
    swapped = right[:-1] + ("A" if right[-1] != "A" else "B")
    wrong = {
        "a guess": path("x" * len(right)),
        "one letter": path("x"),
        "cut off": path(right[:-1]),
        "one letter more": path(right + "A"),
        "one letter other": path(swapped),
        "another case": path(right.swapcase()),
        "padding": path(right + "="),
        "another vendor": path(right, cast.TemplateOnly.slug),
        "no vendor": path(right, "nobody"),
        "another provider's key": path(tokens.provider_token(other.pk)),
        "a provider that is gone": path(tokens.provider_token(10_000)),
        "a gateway's key": path(tokens.gateway_token(attempt.provider_id)),
        "not ASCII": path("ключ"),
        "NUL": path("%00"),
    }
    answers = {
        name: caller.post(address, b"x" * 70_000, content_type="text/plain", headers={"x-akinon-request-id": "r"})
        for name, address in wrong.items()
    }
    plain = caller.post("/nowhere", headers={"x-akinon-request-id": "r"})
    assert {name: errors(answer) for name, answer in answers.items()} == {
        key: [(404, "not_found", "")] for key in wrong
    }
    assert {(answer.content, str(answer.headers)) for answer in answers.values()} == {
        (plain.content, str(plain.headers))
    }
    assert not Callback.objects.exists()


def test_over_64_kib_is_413(caller: Client, provider: Provider) -> None:
    address = path(tokens.provider_token(provider.pk))
    assert errors(caller.post(address, b"x" * 65_537, content_type="text/plain")) == [(413, "payload_too_large", "")]
    assert caller.post(address, b"x" * 65_536, content_type="text/plain").status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_405(caller: Client, provider: Provider, method: str) -> None:
    assert errors(caller.generic(method, path(tokens.provider_token(provider.pk)))) == [(405, "method_not_allowed", "")]


def test_a_key_that_an_older_encryption_key_signed_still_opens(
    caller: Client, provider: Provider, settings: Any
) -> None:
    address = path(tokens.provider_token(provider.pk))
    settings.FIELD_ENCRYPTION_KEYS = ["bmV3LWtleS1mb3ItdGVzdHMtYW5kLXdvcnRobGVzcyE=", *settings.FIELD_ENCRYPTION_KEYS]
    assert caller.post(address).status_code == 200
    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    assert caller.post(address).status_code == 404


class TestNetworks:
    """Where a vendor has published its networks, other addresses get 404."""

    @pytest.fixture(autouse=True)
    def _networks(self, caller: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cast.FreeText, "report_networks", lambda self: ("198.51.100.0/24", "2001:db8::/32"))
        snapshot.reset_cache()

    @pytest.mark.parametrize("source", ["198.51.100.7", "::ffff:198.51.100.7", "2001:db8::7"])
    def test_from_inside_it_is_200(self, caller: Client, provider: Provider, source: str) -> None:
        assert caller.post(path(tokens.provider_token(provider.pk)), REMOTE_ADDR=source).status_code == 200

    @pytest.mark.parametrize("source", ["203.0.113.7", "127.0.0.1", "::1", ""])
    def test_from_outside_it_is_404(self, caller: Client, provider: Provider, source: str) -> None:
        response = caller.post(path(tokens.provider_token(provider.pk)), REMOTE_ADDR=source)
        assert errors(response) == [(404, "not_found", "")]
        assert not Callback.objects.exists()

    @pytest.mark.parametrize(
        ("peer", "forwarded", "status"),
        [
            ("10.0.0.1", "198.51.100.7", 200),
            ("10.0.0.1", "203.0.113.7, 198.51.100.7", 200),
            ("10.0.0.1", "198.51.100.7, 10.0.0.2", 200),
            ("10.0.0.1", "198.51.100.7, 203.0.113.7", 404),
            ("10.0.0.1", "nonsense", 404),
            ("10.0.0.1", "unknown", 404),
            ("203.0.113.7", "198.51.100.7", 404),
        ],
    )
    def test_forwarded_addresses_count_behind_our_own_proxies_alone(
        self, caller: Client, provider: Provider, settings: Any, peer: str, forwarded: str, status: int
    ) -> None:
        from ipaddress import ip_network

        settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
        response = caller.post(
            path(tokens.provider_token(provider.pk)), REMOTE_ADDR=peer, headers={"x-forwarded-for": forwarded}
        )
        assert response.status_code == status


class TestForgeries:
    """Ten thousand forged keys of seven kinds change nothing and all get the same answer."""

    EACH = 1430

    def kinds(self, attempt: Attempt) -> dict[str, Any]:
        """A function per kind of forged key."""
        import secrets
        from base64 import urlsafe_b64encode

        right = tokens.attempt_token(attempt.provider_id, attempt.id)
        length = len(right)
        claim = right[: -(length // 3)]

        def signed_otherwise(number: int) -> str:
            with override_settings(FIELD_ENCRYPTION_KEYS=[f"another-key-{number % 3}"]):
                return tokens.attempt_token(attempt.provider_id, attempt.id)

        return {
            "random bytes": lambda n: urlsafe_b64encode(secrets.token_bytes(length * 3 // 4)).decode(),
            "one letter other": lambda n: (
                right[: n % length] + ("-" if right[n % length] != "-" else "_") + right[n % length + 1 :]
            ),
            "a right claim with a guessed tag": lambda n: claim + secrets.token_urlsafe(length)[: length - len(claim)],
            "another length": lambda n: right[: n % length] or "x",
            "another alphabet": lambda n: quote(right[: n % length] + chr(0x100 + n)),
            "another key's signature": signed_otherwise,
            "an attempt's tag under a provider's claim": lambda n: tokens.provider_token(n)[:-22] + right[-22:],
        }

    @pytest.mark.any_database  # a key that is none of ours is asked for nowhere
    def test_they_are_all_the_same_404(self, caller: Client, attempt: Attempt) -> None:
        right = tokens.attempt_token(attempt.provider_id, attempt.id)
        seen = set()
        for kind, forge in self.kinds(attempt).items():
            for number in range(self.EACH):
                key = forge(number)
                assert key != right, kind
                answer = caller.post(path(key), b"status=sent", "text/plain", headers={"x-akinon-request-id": "r"})
                seen.add((answer.status_code, answer.content, str(answer.headers)))
        assert len(seen) == 1
        assert next(iter(seen))[0] == 404
        assert not Callback.objects.exists()
        attempt.message.refresh_from_db()
        assert attempt.message.status == "queued"

    def test_a_near_miss_takes_no_other_time_than_a_far_one(self, attempt: Attempt) -> None:
        """Counts computations, not time: one HMAC per signing key for any base64."""
        import hmac
        from unittest import mock

        right = tokens.attempt_token(attempt.provider_id, attempt.id)
        counts = set()
        for key in (right[:-1] + ("A" if right[-1] != "A" else "Q"), "A" * len(right), "x", ""):
            with mock.patch.object(hmac, "digest", wraps=hmac.digest) as digest:
                assert tokens.resolve_token(key) is None
            counts.add(digest.call_count)
        assert len(counts) == 1
