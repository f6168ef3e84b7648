"""The real Kannel on loopback, with the configuration that is deployed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from pathlib import Path

from tests.support.ports import free_port
from tests.support.processes import PROJECT, Process, http_status
from tests.support.waiting import eventually

from .smsc import Smsc

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
IS_INSTALLED = bool(shutil.which("bearerbox", path=PATH) and shutil.which("smsbox", path=PATH))
PASSWORD = "made-up-kannel-password"


class Gateway:
    """bearerbox and smsbox of one test; their spool is in `folder`. `throughput`: messages a second, 0 for no limit."""

    def __init__(self, folder: Path, smsc: Smsc, throughput: int = 100) -> None:
        self.smsc = smsc
        self.port, self.admin_port = free_port(), free_port()
        environment = {
            "PATH": PATH,
            "TMPDIR": str(folder),
            "SPOOL": str(folder / "spool"),
            "SMPP_HOST": "127.0.0.1",
            "SMPP_PORT": str(smsc.port),
            "SMPP_USERNAME": "made-up",
            "SMPP_PASSWORD": "made-up",
            "SMPP_THROUGHPUT": str(throughput),
            "KANNEL_PASSWORD": PASSWORD,
            "INTERFACE": "127.0.0.1",
            "BEARERBOX_HOST": "127.0.0.1",
            "BEARERBOX_PORT": str(free_port()),
            "SENDSMS_PORT": str(self.port),
            "ADMIN_PORT": str(self.admin_port),
            "RESEND_SECONDS": "1",
            "RECONNECT_SECONDS": "1",
        }
        start = [sys.executable, str(PROJECT / "kannel/start.py")]
        self.bearerbox, self.smsbox = (
            Process(box, [*start, box], environment=environment, folder=folder) for box in ("bearerbox", "smsbox")
        )

    def start(self) -> None:
        self.start_bearerbox()
        self.start_smsbox()

    def start_bearerbox(self) -> None:
        self.bearerbox.start(lambda: http_status(self.admin_port, "/status") == 200 and self.smsc.is_bound)

    def start_smsbox(self) -> None:
        self.smsbox.start(lambda: http_status(self.port, "/") is not None)

    def kill_bearerbox(self) -> None:
        self.bearerbox.send(signal.SIGKILL)
        self.bearerbox.wait()

    def restart(self) -> None:
        """After a kill of bearerbox, which makes smsbox start itself again some seconds later."""
        self.start_bearerbox()
        eventually(lambda: http_status(self.port, "/") is not None, because="smsbox is connected again")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def output(self) -> str:
        return self.bearerbox.output() + self.smsbox.output()

    def close(self) -> None:
        for process in (self.smsbox, self.bearerbox):
            if process.process:
                with contextlib.suppress(ProcessLookupError):
                    process.send_to_all(signal.SIGKILL)  # smsbox may have become another process of its group
                process.wait()
