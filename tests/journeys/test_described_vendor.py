"""A vendor by description in every process: web, dispatcher and commands, and its change without a restart."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.faults.support.evidence import Database
from tests.sms.descriptions import description
from tests.support.stack import Stack
from tests.support.waiting import eventually

TO = "+61412345678"
SHOP = """
[[vendor_descriptions]]
slug = "acme"
text = {text}
[[clients]]
username = "akinon"
password = "made-up-caller-password-0123456789"
[[providers]]
slug = "acme-au"
vendor = "acme"
base_url = "{url}"
credentials = {{ token = "made-up-token" }}
[[senders]]
name = "AKINON"
[[senders.approvals]]
provider = "acme-au"
status = "approved"
[[routes]]
prefix = "+61"
providers = ["acme-au"]
"""
DETAILS = "SELECT request_id, detail FROM sms_message WHERE status = 'failed'"


@pytest.fixture
def vendor() -> Iterator[str]:
    """The address of a vendor that answers every call with the code 7."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = b'{"ok": false, "code": "7"}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing to the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def file_of(text: str, url: str) -> str:
    return SHOP.format(text=json.dumps(text), url=url)


def answer_to(stack: Stack, request_id: str) -> str:
    """Send a message, and wait for what the vendor's answer means."""
    assert stack.send_sms(TO, "Salam", x_akinon_request_id=request_id).status == 201

    def detail() -> str:
        rows = Database(stack.database_url).rows(DETAILS)
        return next((row["detail"] for row in rows if row["request_id"] == request_id), "")

    eventually(detail, because=f"{request_id} has failed")
    return detail()


def test_every_process_knows_the_vendor_and_its_changes(tmp_path: Path, vendor: str) -> None:
    with Stack(tmp_path, provisioning=file_of(description(), vendor)) as stack:
        assert "The vendor says recipient." in answer_to(stack, "first")
        address = json.loads(stack.manage("callback_urls").stdout)["providers"]["acme-au"]
        assert stack.call("POST", urlsplit(address).path, {"ref": "unknown", "status": "ok"}).status == 200

        changed = file_of(description(failure="content"), vendor)
        assert "changed vendor description acme: text" in stack.provision(changed)
        ids = map("after-{}".format, count())
        eventually(lambda: "says content." in answer_to(stack, next(ids)), because="the dispatcher knows the change")
