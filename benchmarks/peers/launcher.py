"""Runs jasmind.py in Jasmin's own environment: `python launcher.py LOCK durable|as-it-is jasmind.py [its arguments]`.

jasmind.py locks one file in the folder for temporary files, so that a second Jasmin, and the next one after a kill -9,
refuses to start. LOCK is used in its place. "durable" makes the queue of messages durable and the messages persistent,
which no setting of Jasmin does. What is accepted is not confirmed by RabbitMQ either way.
"""

from __future__ import annotations

import functools
import runpy
import sys
from importlib import import_module
from typing import Any


def lock_in(file: str) -> None:
    module = import_module("lockfile")
    made = module.FileLock
    module.FileLock = lambda _: made(file)


def make_durable() -> None:
    """Queues of messages to a connector (`submit.sm.`) only: nothing else is lost that was accepted."""
    factory, content = import_module("jasmin.queues.factory").AmqpFactory, import_module("txamqp.content").Content
    declare, initialize = factory.named_queue_declare, content.__init__

    @functools.wraps(declare)
    def declare_durable(self: Any, *, queue: str, **options: Any) -> Any:
        return declare(self, queue=queue, durable=queue.startswith("submit.sm."), **options)

    @functools.wraps(initialize)
    def make_persistent(self: Any, *values: Any, **named: Any) -> None:
        initialize(self, *values, **named)
        self.properties["delivery-mode"] = 2

    factory.named_queue_declare, content.__init__ = declare_durable, make_persistent


def main() -> None:
    lock, kind, *sys.argv = sys.argv[1:]
    lock_in(lock)
    if kind == "durable":
        make_durable()
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
