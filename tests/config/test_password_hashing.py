"""Passwords are hashed one at a time; who would wait for long is refused at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password, make_password
from django.test import Client, override_settings

from config.password_hashing import HashingBusy, OneAtATimeHasher
from config.settings import PASSWORD_HASHERS
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db
HASHERS = override_settings(PASSWORD_HASHERS=PASSWORD_HASHERS)


class Held:
    """Stands for Django's hashing: each hash lasts until it is let go."""

    def __init__(self) -> None:
        self.go, self.running, self.most, self.lock = threading.Event(), 0, 0, threading.Lock()

    def encode(self, *_: object) -> str:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.go.wait(30)
        with self.lock:
            self.running -= 1
        return "hash"


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    slow = Held()
    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", slow.encode)
    return slow


def refused() -> bool:
    """Whether one more is refused now. Asked only while both places are taken, or it would wait."""
    try:
        OneAtATimeHasher().encode("x", "salt")
    except HashingBusy:
        return True
    return False


def test_one_hashes_one_waits_and_the_others_are_refused_at_once(held: Held) -> None:
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(refused) for _ in range(8)]
        eventually(lambda: sum(call.done() for call in calls) == 6, because="six are refused while the first hashes")
        assert held.most == 1
        held.go.set()
        assert sorted(call.result() for call in calls) == [False] * 2 + [True] * 6
    assert held.most == 1


def test_a_place_is_free_again_after_a_hash_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> str:
        raise ValueError("no hash")

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", fail)
    for _ in range(5):
        with pytest.raises(ValueError, match="no hash"):
            OneAtATimeHasher().encode("x", "salt")


def test_a_log_in_beyond_the_bound_is_503_with_retry_after(held: Held) -> None:
    with HASHERS, ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(refused) for _ in range(2)]
        eventually(lambda: held.running == 1 and refused_by_both_places(), because="both places are taken")
        answer = Client().post("/admin/login/", {"username": "nobody", "password": "wrong"})
        held.go.set()
        assert [call.result() for call in calls] == [False, False]
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")


def refused_by_both_places() -> bool:
    from config import password_hashing

    free = password_hashing.places.acquire(blocking=False)
    if free:
        password_hashing.places.release()
    return not free


@HASHERS
def test_hashes_are_djangos() -> None:
    encoded = make_password("made-up-password")
    assert encoded.startswith("pbkdf2_sha256$")
    assert check_password("made-up-password", encoded)
    assert not check_password("another", encoded)
    assert PBKDF2PasswordHasher().verify("made-up-password", encoded)


def test_a_name_that_is_locked_out_is_refused_before_its_password_is_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []
    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", lambda *values: hashed.append(values) or "hash")
    with HASHERS, override_settings(AXES_FAILURE_LIMIT=3):
        answers = [Client().post("/admin/login/", {"username": "nobody", "password": "wrong"}) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429, 429]
    assert len(hashed) == 3
