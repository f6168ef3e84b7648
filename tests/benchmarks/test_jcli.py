"""The conversation with Jasmin's console, with a console that answers as Jasmin 0.11.1 does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from benchmarks.peers import jcli

GREETING = b"\xff\xfd\x1f\x1bc\x1b[4hAuthentication required.\r\r\r\n\r\r\r\n"
LOG_IN = [
    b"\r\r\r\nUsername: ",
    b"jcliadmin\r\r\r\nPassword: ",
    b"\r\r\r\nWelcome to Jasmin 0.11.1 console\r\r\r\njcli : ",
]
ADDING = b"group -a\r\r\r\nAdding a new Group: (ok: save, ko: exit)\r\r\r\n> "
SET = b"gid bench\r\r\r\n> "
ADDED = b"ok\r\r\r\nSuccessfully added Group [bench]\r\r\r\njcli : "
UNKNOWN = b"ok\r\r\r\nYou must set these options before saving: uid\r\r\r\n> "


class Console(threading.Thread):
    """Gives one answer for each line, then closes."""

    def __init__(self, answers: list[bytes]) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.answers = answers
        self.lines: list[str] = []

    @property
    def port(self) -> int:
        return self.listener.getsockname()[1]

    def run(self) -> None:
        conn, _ = self.listener.accept()
        with conn, conn.makefile("rb") as given:
            conn.sendall(GREETING)
            for answer in self.answers:
                self.lines.append(given.readline().decode().strip())
                for piece in (answer[:-3], answer[-3:]):  # a prompt may come in pieces
                    conn.sendall(piece)


@pytest.fixture
def console(request) -> Iterator[Console]:
    made = Console([*LOG_IN, *request.param])
    made.start()
    yield made
    made.join(10)
    made.listener.close()


LINES = ["group -a", "gid bench", "ok"]


@pytest.mark.parametrize("console", [[ADDING, SET, ADDED]], indirect=True)
def test_it_logs_in_and_gives_each_line(console):
    jcli.tell(console.port, LINES)
    console.join(10)
    assert console.lines == ["", *jcli.USER, *LINES]


@pytest.mark.parametrize("console", [[ADDING, SET, UNKNOWN]], indirect=True)
def test_what_is_not_saved_is_an_error_with_the_answer(console):
    with pytest.raises(jcli.Refused, match="You must set these options before saving: uid"):
        jcli.tell(console.port, LINES)


@pytest.mark.parametrize("console", [[ADDING]], indirect=True)
def test_a_closed_connection_is_an_error_with_the_line(console):
    with pytest.raises(jcli.Refused, match="after 'gid bench'"):
        jcli.tell(console.port, LINES)


@pytest.mark.parametrize(
    ("line", "answer", "is_fine"),
    [
        ("ok", "Successfully added MTRoute [DefaultRoute] with order:0", True),
        ("ok", "Invalid Route type", False),
        ("smppccm -1 vendor", "Successfully started connector id:vendor", True),
        ("smppccm -1 vendor", "Failed starting connector, check log for details", False),
        ("port 2775", "> ", True),
    ],
)
def test_what_is_saved_or_started_is_confirmed(line, answer, is_fine):
    if is_fine:
        jcli.check(line, answer)
    else:
        with pytest.raises(jcli.Refused, match=answer.split(",")[0]):
            jcli.check(line, answer)


def test_there_is_one_connector_without_a_limit_and_one_user_of_it():
    given = jcli.commands("vendor", 20_001, "bench", started=True)
    assert given[:8] == [
        "smppccm -a",
        "cid vendor",
        "host 127.0.0.1",
        "port 20001",
        "username made-up",
        "password made-up",
        "submit_throughput 0",
        "loglevel 30",
    ]
    assert "connector smppc(vendor)" in given
    assert given[-1] == "smppccm -1 vendor"
    assert not any("throughput" in line and not line.endswith(" 0") for line in given)


def test_a_connector_that_is_to_send_nothing_is_not_started():
    assert "smppccm -1 vendor" not in jcli.commands("vendor", 20_001, "bench", started=False)
