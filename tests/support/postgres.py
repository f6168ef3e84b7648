"""A PostgreSQL for tests: a given server, or a cluster of our own in a temporary folder."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from .binaries import Account, Binaries, find_binaries, reachable, server_account
from .guardian import guard, release
from .ports import free_port
from .system import alive, children_of
from .waiting import eventually

USER = "sms"
MAX_CONNECTIONS = 200
COMMON = {
    "listen_addresses": "127.0.0.1",
    "max_connections": str(MAX_CONNECTIONS),
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "wal_level": "replica",
    "max_wal_senders": "10",
}
# For ordinary tests only: a crash of the machine may destroy the cluster, which holds nothing of value.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# SCRAM's 4,096 rounds would take most of the time of a connection, and tests connect some thousand times.
FAST_AUTHENTICATION = "md5"
START_TRIES = 3
LOG_TAIL = 2_000  # characters


class PostgresError(Exception):
    """The server did not start, or there is none; the message says why."""


class DatabaseServer:
    """A running server, known by the URL of one of its databases."""

    def __init__(self, url: str) -> None:
        self.url = url

    def database_url(self, name: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{quote(name)}"))

    @contextlib.contextmanager
    def connection(self) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        with psycopg.connect(self.url, autocommit=True, connect_timeout=10) as connection:
            yield connection

    def create_database(self, name: str | None = None, *, template: str | None = None) -> str:
        """Make a database, a copy of `template` if one is named; returns its URL."""
        name = name or f"sms_test_{secrets.token_hex(6)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        with self.connection() as connection:
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template or "template0")))
        return self.database_url(name)

    def drop_database(self, name: str) -> None:
        """Drop it, even if clients are connected."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        with self.connection() as connection:
            connection.execute(statement.format(sql.Identifier(name)))


class Postgres(DatabaseServer):
    """A cluster of our own on a loopback port. `durable`: with fsync, for fault tests and benchmarks.

    `binaries` None takes what find_binaries() finds. Raises PostgresError.
    """

    def __init__(self, *, durable: bool = False, binaries: Binaries | None = None, **settings: str) -> None:
        found = binaries or find_binaries()
        if found is None:
            raise PostgresError("no PostgreSQL: neither TEST_DATABASE_URL, nor programs on this machine, nor the wheel")
        self.account = server_account()
        self.folder = open_folder(self.account)
        guard(folder=self.folder)
        self.binaries = reachable(found, self.account, self.folder)
        self.data = self.folder / "data"
        self.log = self.folder / "postgres.log"
        self.settings = {**COMMON, **({} if durable else FAST), **settings}
        self.authentication = "scram-sha-256" if durable else FAST_AUTHENTICATION
        self.password = secrets.token_urlsafe(16)
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> Postgres:
        try:
            self.make_cluster()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, name: str, *words: str | Path) -> None:
        """Run one of PostgreSQL's programs as the server's account. Raises PostgresError with its output."""
        command = [self.binaries.path(name), *map(str, words)]
        options = self.account.for_subprocess() if self.account else {}
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, **options)
        if done.returncode:
            raise PostgresError(f"{name} failed: {done.stderr.strip() or done.stdout.strip()}")

    def make_cluster(self) -> None:
        password_file = self.folder / "password"
        password_file.write_text(self.password)
        give(password_file, self.account)
        # The socket lies in a folder that only the server and we may enter, so it needs no password.
        access = ["--auth-local=trust", f"--auth-host={self.authentication}", f"--pwfile={password_file}"]
        how = ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
        self.run("initdb", "-D", self.data, f"--username={USER}", *access, *how)
        password_file.unlink()

    def start(self) -> None:
        """Start, on the port of before if there is one, and wait until it answers. Raises PostgresError."""
        for last in [False] * (START_TRIES - 1) + [True]:
            port = self.port or free_port()
            try:
                self.launch(port)
            except PostgresError:
                if last or self.port:
                    raise
                continue
            break
        self.port = port
        self.url = f"postgres://{USER}:{self.password}@127.0.0.1:{port}/postgres"

    def launch(self, port: int) -> None:
        place = {"port": str(port), "unix_socket_directories": str(self.folder)}
        settings = [word for name, value in {**self.settings, **place}.items() for word in ("-c", f"{name}={value}")]
        options = self.account.for_subprocess() if self.account else {}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.binaries.path("postgres"), "-D", str(self.data), *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                **options,
            )
        guard(process=self.process.pid, by=signal.SIGQUIT)
        eventually(lambda: self.answers(port), because="PostgreSQL answers")

    def answers(self, port: int) -> bool:
        """Whether it accepts connections. Raises PostgresError if it has ended."""
        assert self.process is not None
        if self.process.poll() is not None:
            self.ended()
            raise PostgresError(f"PostgreSQL ended at its start: {self.log.read_text(errors='replace')[-LOG_TAIL:]}")
        try:
            psycopg.connect(host=str(self.folder), port=port, user=USER, dbname="postgres", connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, by: signal.Signals = signal.SIGINT) -> None:
        """Shut down: SIGINT fast, SIGQUIT immediately (as a crash, but orderly for its processes)."""
        if self.process is not None:
            self.process.send_signal(by)
            self.process.wait(60)
            self.ended()

    def kill(self) -> None:
        """kill -9 of the server and all its processes at once, as in a power failure."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)  # so that it starts no child while its children are listed
        numbers = [self.process.pid, *children_of(self.process.pid)]
        for number in numbers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        self.process.wait(60)
        self.ended()
        eventually(lambda: not any(map(alive, numbers)), because="all of PostgreSQL's processes are gone")

    def restart_immediate(self) -> None:
        """`pg_ctl restart -m immediate`: no clean shutdown, recovery at the start."""
        self.stop(signal.SIGQUIT)
        self.start()

    def ended(self) -> None:
        assert self.process is not None
        release(process=self.process.pid)
        self.process = None

    def close(self) -> None:
        """Stop for good and leave nothing behind."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)
        release(folder=self.folder)


def open_folder(account: Account | None) -> Path:
    """A fresh folder that only the account (and root) can enter, below one that it can pass through."""
    for parent in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm")):
        folder = Path(tempfile.mkdtemp(prefix="sms-desk-pg-", dir=parent))
        give(folder, account)
        if enterable(folder, account):
            return folder
        folder.rmdir()
    raise PostgresError("there is no temporary folder that PostgreSQL's account can enter; set TMPDIR to one")


def give(path: Path, account: Account | None) -> None:
    if account:
        os.chown(path, account.user, account.group)


def enterable(folder: Path, account: Account | None) -> bool:
    if account is None:
        return True
    command = ["/bin/sh", "-c", 'cd "$0"', str(folder)]
    return subprocess.run(command, cwd="/", capture_output=True, **account.for_subprocess()).returncode == 0
