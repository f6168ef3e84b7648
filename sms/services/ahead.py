"""Rows that are locked together with the question for what waits: one wait for the database less in each turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import connection

from . import outbox
from .calls import Job, Send
from .gates import Look
from .outbox import Due

Lane = tuple[int, bool]
"""A provider, and whether its OTPs are meant."""


class Ahead:
    """Asks the lanes from which something was taken last. What is locked and not taken is free again at the commit."""

    def __init__(self) -> None:
        self._lanes: list[Lane] = []
        self._answers: dict[Lane, Callable[[], list[Due]]] = {}

    def ask(self, *, otp_slots: int, other_slots: int) -> None:
        """In the transaction that will claim, before the answers to the look are there."""
        self._answers = {}
        if connection.vendor == "sqlite":  # a wait there is no wait
            return
        slots = {True: otp_slots, False: other_slots}
        lanes = [lane for lane in self._lanes if slots[lane[1]] > 0]
        for provider, is_otp in lanes:
            share = -(-slots[is_otp] // sum(each[1] == is_otp for each in lanes))
            self._answers[provider, is_otp] = outbox.lock_due(provider, is_otp=is_otp, limit=share)

    def rows(self, provider: int, *, is_otp: bool, limit: int) -> list[Due]:
        """The rows that were asked for, or else a question of their own; given once."""
        answer = self._answers.pop((provider, is_otp), None)
        return answer()[:limit] if answer else outbox.lock_due(provider, is_otp=is_otp, limit=limit)()

    def look(self, look: Look) -> None:
        """A closed provider's messages are for its probe, which any dispatcher may make: nobody locks them ahead."""
        closed = {gate.provider for gate in look.gates if gate.is_open}
        self._lanes = [lane for lane in self._lanes if lane[0] not in closed]

    def learn(self, jobs: Sequence[Job]) -> None:
        """Where something came from that nobody but its own slots limits: there it is worth asking first."""
        sends = (job for job in jobs if isinstance(job, Send) and not job.account.is_limited)
        self._lanes = list(dict.fromkeys((job.account.id, job.message.is_otp) for job in sends)) or self._lanes
