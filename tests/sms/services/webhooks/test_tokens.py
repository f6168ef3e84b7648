"""The unguessable addresses."""

import uuid

import pytest

from sms.services.webhooks import tokens

ATTEMPT = uuid.UUID("0195f0aa-0000-7000-8000-00000000abcd")


def test_a_key_says_what_it_was_made_for():
    assert tokens.resolve_token(tokens.attempt_token(7, ATTEMPT)) == tokens.TokenTarget(
        tokens.Purpose.ATTEMPT, provider_id=7, attempt_id=ATTEMPT
    )
    assert tokens.resolve_token(tokens.provider_token(7)) == tokens.TokenTarget(tokens.Purpose.PROVIDER, provider_id=7)
    assert tokens.resolve_token(tokens.gateway_token(7)) == tokens.TokenTarget(tokens.Purpose.GATEWAY, gateway_id=7)


def test_no_changed_character_of_a_key_is_taken():
    key = tokens.attempt_token(7, ATTEMPT)
    for place, was in enumerate(key):
        for character in "AQgw09-_":
            if character != was:
                assert tokens.resolve_token(key[:place] + character + key[place + 1 :]) is None


@pytest.mark.parametrize("key", ["", "a", "ab", "abc", "=", "é", "\0", "A" * 22, "A" * 54, "A" * 5000])
def test_nonsense_is_no_key(key):
    assert tokens.resolve_token(key) is None


def test_keys_rotate_without_a_lost_callback(settings):
    old, new = settings.FIELD_ENCRYPTION_KEYS[0], "bmV3LWtleS1uZXcta2V5LW5ldy1rZXktbmV3LWtleS0="
    key = tokens.provider_token(1)
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    assert tokens.resolve_token(key)
    assert tokens.provider_token(1) != key
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert tokens.resolve_token(key) is None


def test_keys_hang_on_the_encryption_keys_and_not_on_the_secret_key(settings):
    key = tokens.provider_token(1)
    settings.SECRET_KEY = "another"
    assert tokens.resolve_token(key)
