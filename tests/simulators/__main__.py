"""`python -m tests.simulators`: all vendors in one process until SIGTERM or SIGINT.

Prints one line, `ready {"smsplus": "http://127.0.0.1:…", …}`, once all ports listen.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from typing import Any

from .suite import VENDORS, address, serve, stop

# What a person watching should see: an answer, a while later a report.
DEMO_SETUP: dict[str, dict[str, Any]] = {
    "smsplus": {"latency": 0.15},
    "accolades": {"latency": 0.15, "callback_soon": 1.5},
    "etelecom": {"latency": 0.15, "callback_soon": 2.0, "processing": 2.0},
    "onlinesim": {"latency": 0.15},
}
NAMES = [vendor.name for vendor in VENDORS]


def read_ports(words: list[str] | None, base: int | None) -> dict[str, int]:
    """`smsplus=9001 …`, or consecutive ports from a first one; vendors not named take a free one."""
    if base is not None:
        return {name: base + place for place, name in enumerate(NAMES)}
    ports = {}
    for word in words or []:
        name, _, port = word.partition("=")
        if name not in NAMES or not port.isdigit():
            raise SystemExit(f"--ports: {word!r} is not VENDOR=PORT; vendors: {', '.join(NAMES)}")
        ports[name] = int(port)
    return ports


async def run(ports: dict[str, int], *, demo: bool) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    simulators = [vendor(**(DEMO_SETUP[vendor.name] if demo else {})) for vendor in VENDORS]
    servers = await serve(simulators, ports)
    print("ready", json.dumps({name: address(server) for name, server in servers.items()}), flush=True)
    await stopping.wait()
    await stop(servers, simulators)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.simulators", description=__doc__)
    parser.add_argument("--ports", nargs="+", metavar="VENDOR=PORT", help="the ports of these vendors")
    parser.add_argument("--port-base", type=int, metavar="N", help="consecutive ports from N on")
    parser.add_argument("--demo", action="store_true", help="answers and reports at a pace to be watched")
    options = parser.parse_args()
    asyncio.run(run(read_ports(options.ports, options.port_base), demo=options.demo))


if __name__ == "__main__":
    main()
