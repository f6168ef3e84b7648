"""Faults that tests put into the dispatcher, and ways to run it."""

from __future__ import annotations

from django.db import OperationalError

from providers.base import Failure, HttpResponse, Misconfigured, Unavailable, Unconfirmed
from sms.models import Message
from sms.services.dispatch.claim import Claimer
from sms.services.queue import queue_state
from tests.sms.services.fakes import error

WRONG_PASSWORD = error(Misconfigured, Failure.ACCOUNT, "401")
REFUSED_CONNECTION = error(Unavailable, Failure.TRANSIENT, "refused")
SILENCE = error(Unconfirmed, Failure.AMBIGUOUS, "timeout")


def status(message):
    return Message.objects.get(pk=message.pk).status


def raising_once(monkeypatch, place, name, fault):
    """The function raises once, and works afterwards."""
    genuine = getattr(place, name)

    def first(*args, **more):
        monkeypatch.setattr(place, name, genuine)
        raise fault

    monkeypatch.setattr(place, name, first)


def lose_answer(monkeypatch, place, name):
    """The next call is committed, but its answer is lost."""
    genuine = getattr(place, name)

    def lost(*words, **more):
        monkeypatch.setattr(place, name, genuine)
        genuine(*words, **more)
        raise OperationalError("the connection was cut")

    monkeypatch.setattr(place, name, lost)


def take(**slots):
    """Claim as a worker that then dies."""
    jobs = []
    Claimer(8).claim(jobs, queue_state.read_queue(), **slots)
    return jobs


def turn_until_idle(engine):
    while engine._turn_safely(0.0) or engine.in_flight:
        pass


def raise_(fault):
    raise fault


def play(request, fault):
    if b"Salam 1" in request.body:
        raise fault
    return HttpResponse(200)
