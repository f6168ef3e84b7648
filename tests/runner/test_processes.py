"""Processes as tests start, signal and end them, tried on the simulators."""

from __future__ import annotations

import signal
import sys

import pytest

from tests.simulators import Vendors
from tests.support.environment import process_environment
from tests.support.processes import Process, ProcessError, simulator_addresses, simulators
from tests.support.system import state_of
from tests.support.waiting import eventually


@pytest.fixture
def running(tmp_path):
    process = simulators([], process_environment(), tmp_path)
    process.start(lambda: simulator_addresses(process))
    yield process
    process.kill()


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_the_simulators_serve_until_a_signal_and_end_with_0(running, by):
    vendors = Vendors(simulator_addresses(running))
    assert [vendor.counts()["calls"] for vendor in vendors.all()] == [0, 0, 0, 0]
    assert running.stop(by) == 0
    assert not running.is_running


def test_the_simulators_take_the_ports_they_are_told(running, tmp_path):
    port = simulator_addresses(running)["smsplus"].rpartition(":")[2]
    assert running.stop() == 0
    again = Process("again", [*running.command, "--ports", f"smsplus={port}"], environment={}, folder=tmp_path)
    again.start(lambda: simulator_addresses(again))
    assert simulator_addresses(again)["smsplus"].endswith(f":{port}")
    again.kill()


def test_a_paused_process_says_nothing_until_it_is_resumed(running):
    vendor = Vendors(simulator_addresses(running)).smsplus
    running.pause()
    eventually(lambda: state_of(running.pid) == "T", because="the process is stopped")
    running.resume()
    assert vendor.counts()["calls"] == 0


def test_a_process_that_ends_at_its_start_shows_its_last_output(tmp_path):
    process = Process("broken", [sys.executable, "-c", "raise SystemExit('no key')"], environment={}, folder=tmp_path)
    with pytest.raises(ProcessError, match="broken ended with 1: no key"):
        process.start(lambda: False)


def test_a_process_that_ignores_its_signal_is_reported_and_killed(tmp_path):
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    process = Process("deaf", [sys.executable, "-c", deaf], environment={}, folder=tmp_path)
    process.start(lambda: "deaf" in process.output())
    with pytest.raises(ProcessError, match="did not end within"):
        process.stop(timeout=0.2)
    assert not process.is_running


def test_a_condition_that_never_comes_is_an_error_with_what_was_seen_last():
    with pytest.raises(AssertionError, match=r"not within 0.1 s: three; last seen: \[\]"):
        eventually(list, 0.1, because="three")
