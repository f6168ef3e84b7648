"""RabbitMQ and Redis on loopback, with free ports and folders of their own."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from tests.support.ports import free_port
from tests.support.processes import Process
from tests.support.waiting import eventually

from .programs import PATH

LOOPBACK = "127.0.0.1"
START_SECONDS = 120.0


class Broker:
    """`port` is RabbitMQ's, `redis_port` Redis'. Three processes of ours; `close` ends them by their ids."""

    def __init__(self, folder: Path) -> None:
        self.port, self.redis_port, self._names_port = free_port(), free_port(), free_port()
        self._folder = folder
        self._running: list[Process] = []

    def start(self) -> None:
        # RabbitMQ would leave an epmd behind if it had to start one.
        self._start("epmd", ["-address", LOOPBACK, "-port", str(self._names_port)], self._names_port)
        redis = ["--port", str(self.redis_port), "--bind", LOOPBACK, "--dir", str(self._folder)]
        self._start("redis-server", redis, self.redis_port)
        self._start("rabbitmq-server", [], self.port)

    def _start(self, name: str, words: list[str], port: int) -> None:
        program = shutil.which(name, path=PATH) or name
        environment = rabbitmq_environment(self._folder, self.port, free_port(), self._names_port)
        process = Process(name, [program, *words], environment=environment, folder=self._folder)
        self._running.append(process)
        process.start()
        wait_for(process, port)

    def close(self) -> None:
        for process in reversed(self._running):
            process.kill()


def rabbitmq_environment(folder: Path, port: int, nodes_port: int, names_port: int) -> dict[str, str]:
    """RabbitMQ's defaults, with everything that it writes in this folder and all its ports on loopback."""
    return {
        "PATH": PATH,
        "HOME": str(folder),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "ERL_EPMD_PORT": str(names_port),
        "RABBITMQ_NODENAME": f"bench-{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(nodes_port),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_MNESIA_BASE": str(folder / "rabbitmq"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_PID_FILE": str(folder / "rabbitmq.pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
    }


def wait_for(process: Process, port: int) -> None:
    """Wait until it answers at this port. Raises ProcessError if it ends before."""
    eventually(lambda: process.check() or answers(port), START_SECONDS, because=f"{process.name} answers")


def answers(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False
