"""Jasmin's console, jcli: the commands of its document "Sending your first SMS", given over its port."""

from __future__ import annotations

import socket

USER = ("jcliadmin", "jclipwd")
"""The defaults of jasmin.cfg."""
PROMPTS = (b"jcli : ", b"> ")
PATIENCE = 30.0


class Refused(Exception):
    """jcli did not take a command; the message has its answer."""


def commands(connector: str, smsc_port: int, account: str, *, started: bool) -> list[str]:
    """One connector without a limit, one route to it, one user without a limit. `started`: the connector is bound."""
    smsc = ["host 127.0.0.1", f"port {smsc_port}", "username made-up", "password made-up"]
    user = [f"username {account}", f"password {account}", "gid bench", f"uid {account}"]
    return [
        *_add("smppccm", f"cid {connector}", *smsc, "submit_throughput 0", "loglevel 30"),
        *_add("mtrouter", "type DefaultRoute", f"connector smppc({connector})", "rate 0"),
        *_add("group", "gid bench"),
        *_add("user", *user),
        *([f"smppccm -1 {connector}"] if started else []),
    ]


def _add(module: str, *settings: str) -> list[str]:
    return [f"{module} -a", *settings, "ok"]


def tell(port: int, lines: list[str]) -> None:
    """Log in and give these commands. Raises Refused for the first that is not answered as it should be."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as console:
        for line, prompt in (("", b"Username: "), (USER[0], b"Password: "), (USER[1], PROMPTS)):
            _say(console, line, prompt)
        for line in lines:
            check(line, _say(console, line, PROMPTS))


def _say(console: socket.socket, line: str, prompt: bytes | tuple[bytes, ...]) -> str:
    """Its answer, up to the prompt for the next line."""
    console.sendall(line.encode() + b"\r\n")
    said = b""
    while not said.endswith(prompt):
        piece = console.recv(4096)
        if not piece:
            raise Refused(f"jcli closed the connection after {line!r}: {said.decode(errors='replace')}")
        said += piece
    return said.decode(errors="replace")


def check(line: str, answer: str) -> None:
    """jcli confirms what is saved or started by the word "Successfully"."""
    if (line == "ok" or " -1 " in line) and "Successfully" not in answer:
        raise Refused(f"jcli refused {line!r}: {answer.strip()}")
