"""Digests have a key of their own, one for each purpose, and are found as long as their key is kept."""

from __future__ import annotations

from typing import Any

import pytest

from sms.services.configuration.digests import LENGTH, digest, digests, number_digest, pseudonym, pseudonyms

OLD, NEW = "b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQtb2xkLW9sZCE=", "bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3LW5ldyE="
OWN = "a-made-up-key-of-its-own-for-digests-alone"
NUMBER = "+994501234567"


@pytest.fixture(autouse=True)
def one_key(settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS, settings.DIGEST_KEY = [OLD], ""


def test_a_digest_is_found_while_its_key_is_one_of_several(settings: Any) -> None:
    before = digest("purpose", b"part")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert digest("purpose", b"part") != before
    assert before in digests("purpose", b"part")
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert before not in digests("purpose", b"part")


def test_a_key_of_its_own_comes_first_and_outlives_the_others(settings: Any) -> None:
    before = digest("purpose", b"part")
    settings.DIGEST_KEY = OWN
    found = digests("purpose", b"part")
    assert found[1:] == [before]
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert digest("purpose", b"part") == found[0]


def test_parts_and_purposes_are_kept_apart() -> None:
    parts = [(b"ab", b"c"), (b"a", b"bc"), (b"abc",), (b"", b"abc"), (b"abc", b""), (b"1:a", b"bc")]
    assert len({digest(purpose, *each) for purpose in ("one", "two") for each in parts}) == 2 * len(parts)


def test_the_secrets_themselves_are_no_keys(settings: Any) -> None:
    before = digest("purpose", b"part")
    settings.SECRET_KEY = "another"
    assert digest("purpose", b"part") == before


def test_a_pseudonym_is_found_after_a_new_key_and_as_the_version_before_made_it(settings: Any) -> None:
    before = pseudonym(NUMBER)
    assert len(before) == LENGTH
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert before in pseudonyms(NUMBER)
    settings.SECRET_KEY = "made-up-for-this-test"
    assert "#3e83d119fab74ba" in pseudonyms(NUMBER)
    assert number_digest(NUMBER).startswith(pseudonym(NUMBER)[1:])
