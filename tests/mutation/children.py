"""A fork of this process for each change: what it does to memory and the database ends with it."""

from __future__ import annotations

import contextlib
import os
import pickle
import resource
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

MEMORY = 3 * 1024**3
FAILED, PASSED, NOT_APPLIED, BROKEN = 10, 11, 12, 13


@dataclass(frozen=True)
class Ended:
    """How a child ended: one of the codes above, or minus the signal's number; and what it wrote."""

    code: int
    words: bytes


def call_in_child(work: Callable[[], Any]) -> Any:
    """The result of this call in a child. Raises ChildProcessError where it died."""
    with tempfile.TemporaryFile() as file:
        child = os.fork()
        if not child:
            with leaving(BROKEN):
                os.setsid()
                be_quiet(1)
                pickle.dump(work(), file)
                file.flush()
                os._exit(PASSED)
        code = wait(child)
        if code != PASSED:
            raise ChildProcessError(f"the tests of the unchanged code ended the process with {code}")
        file.seek(0)
        return pickle.load(file)


def end_of_child(work: Callable[[Callable[[bytes], None]], int]) -> Ended:
    """Run this in a child, which ends with the returned code. It is given a function to write with."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        with leaving(BROKEN):
            os.setsid()
            be_quiet(1, 2)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            os._exit(work(lambda words: os.write(writing, words) and None))
    os.close(writing)
    code = wait(child)
    with open(reading, "rb", buffering=0) as pipe:
        os.set_blocking(pipe.fileno(), False)
        return Ended(code, pipe.read(2**16) or b"")


@contextlib.contextmanager
def leaving(code: int) -> Iterator[None]:
    """No exception leads back into the parent's code."""
    try:
        yield
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def be_quiet(*numbers: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in numbers:
        os.dup2(nowhere, number)


def wait(child: int) -> int:
    """The child's exit code, once it and the processes that it started are gone."""
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(status)


def limit(processor: float, clock: float) -> None:
    """End this process after so many seconds of its own time, or of the clock's."""
    for timer, number, seconds in (
        (signal.ITIMER_PROF, signal.SIGPROF, processor),
        (signal.ITIMER_REAL, signal.SIGALRM, clock),
    ):
        signal.signal(number, signal.SIG_DFL)
        signal.setitimer(timer, seconds)
