"""Requests to the admin and to static files, and incomplete requests, neither stop `/send-sms` nor slow it much."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.environment import process_environment
from tests.support.processes import Process
from tests.support.stack import Stack

from .support.attacks import ATTACKS

CALLERS = 2
CALLS = 100
"""Calls of each caller: enough for a p99 that two of the calls may exceed."""
BEGINNING = 2.0
"""Seconds in which an attack opens its connections."""
ROUNDS = 3
"""With and without the attack in turns, because other work on the machine comes and goes."""
MOST = 10
"""The greatest ratio of the p99 under attack to the p99 without one."""


@contextmanager
def attack(stack: Stack, name: str, folder: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.faults.support.attacks", name, str(stack.port)]
    process = Process("attack", command, environment=process_environment(), folder=folder)
    process.start()
    try:
        time.sleep(BEGINNING)
        yield
        assert process.is_running, process.output()
    finally:
        process.kill()


def p99(stack: Stack) -> float:
    """Seconds. Fails if a call is not answered 201."""

    def call(number: int) -> float:
        begun = time.perf_counter()
        reply = stack.send_sms("+40712345678", f"Number {number}")
        assert reply.status == 201, reply.body
        return time.perf_counter() - begun

    with ThreadPoolExecutor(CALLERS) as pool:
        times = sorted(pool.map(call, range(CALLERS * CALLS)))
    return times[int(len(times) * 0.99) - 1]


@pytest.mark.faults
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_leaves_the_api_its_speed(stacks: Callable[..., Stack], tmp_path: Path, name: str) -> None:
    stack = stacks(dispatchers=0)
    p99(stack)  # the first calls load code
    ratios = []
    for _ in range(ROUNDS):
        quiet = p99(stack)
        with attack(stack, name, tmp_path):
            under_attack = p99(stack)
        print(f"{name}: p99 {quiet * 1000:.0f} ms, under attack {under_attack * 1000:.0f} ms")
        ratios.append(under_attack / quiet)
    assert statistics.median(ratios) <= MOST
