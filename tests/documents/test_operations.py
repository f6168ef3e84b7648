"""The figures of docs/operations.md are those of the code."""

from __future__ import annotations

import runpy

import pytest

from config.server.http_connection import SEND_SECONDS
from config.server.http_request import MAX_BODY, RECEIVE_SECONDS
from sms.services.staff import block_list
from sms.services.table_files import workbook
from sms.services.templates import csv_format

from .blocks import ROOT

GUNICORN = runpy.run_path(str(ROOT / "config/gunicorn.py"))
MIB = 1024 * 1024
CLAIMS = {
    "Files to import": [
        f"at most {workbook.MAX_UNPACKED // MIB} MiB unpacked",
        f"Templates: at most {csv_format.MOST_BYTES // MIB} MiB and {csv_format.MOST_ROWS:,} rows",
        f"Block lists: at most {block_list.MAX_BYTES // MIB} MiB and {block_list.MAX_ROWS:,} rows",
    ],
    "Proxies": [f"`KEEP_ALIVE` seconds ({GUNICORN['keepalive']})"],
    "nginx": [
        f"rejects more than {MAX_BODY // 1024} KiB",
        f"408 after {RECEIVE_SECONDS:.0f} seconds",
        f"an unread response after {SEND_SECONDS:.0f}",
        f"the {GUNICORN['worker_connections']} connections of a process",
    ],
}


@pytest.mark.parametrize("section", CLAIMS)
def test_a_sections_figures_are_those_of_the_code(section: str) -> None:
    text = (ROOT / "docs/operations.md").read_text().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    words = " ".join(text.split())
    assert [claim for claim in CLAIMS[section] if claim not in words] == []
