"""All simulated vendors together: a port each, one event loop, in this process.

with Simulators() as vendors:
    vendors.smsplus.fault("code", code="119")
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from .client import Vendor
from .vendor import Simulator
from .vendors.accolades import Accolades
from .vendors.etelecom import Etelecom
from .vendors.onlinesim import Onlinesim
from .vendors.smsplus import Smsplus
from .wire import Connection

VENDORS: tuple[type[Simulator], ...] = (Smsplus, Accolades, Etelecom, Onlinesim)
BACKLOG = 1024
START_SECONDS = 10


async def listen(simulator: Simulator, port: int) -> asyncio.Server:
    """Serve one vendor on loopback; port 0 takes a free one."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: Connection(simulator, simulator.connections), "127.0.0.1", port, backlog=BACKLOG
    )


def address(server: asyncio.Server) -> str:
    host, port = server.sockets[0].getsockname()
    return f"http://{host}:{port}"


async def serve(simulators: list[Simulator], ports: dict[str, int]) -> dict[str, asyncio.Server]:
    """Start all; raises OSError if a port is taken."""
    return {each.name: await listen(each, ports.get(each.name, 0)) for each in simulators}


class Vendors:
    """The clients of running simulators, by vendor."""

    def __init__(self, addresses: dict[str, str]) -> None:
        self.addresses = addresses
        self.smsplus = Vendor(addresses["smsplus"])
        self.accolades = Vendor(addresses["accolades"])
        self.etelecom = Vendor(addresses["etelecom"])
        self.onlinesim = Vendor(addresses["onlinesim"])

    def all(self) -> list[Vendor]:
        return [self.smsplus, self.accolades, self.etelecom, self.onlinesim]

    def reset(self, *, setup: bool = False) -> None:
        for vendor in self.all():
            vendor.reset(setup=setup)


class Simulators:
    """All vendors in a thread of this process. `setup` are settings of a vendor by its name."""

    def __init__(self, **setup: dict[str, Any]) -> None:
        self.setup = setup
        self.started = threading.Event()
        self.failure: BaseException | None = None
        self.addresses: dict[str, str] = {}
        self.thread = threading.Thread(target=self._run, name="simulators", daemon=True)

    def __enter__(self) -> Vendors:
        self.thread.start()
        if not self.started.wait(START_SECONDS):
            raise TimeoutError("the simulators did not start")
        if self.failure is not None:
            raise self.failure
        return Vendors(self.addresses)

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.stopping.set)
        self.thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as failure:
            self.failure = failure
            self.started.set()

    async def _main(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.stopping = asyncio.Event()
        simulators = [vendor(**self.setup.get(vendor.name, {})) for vendor in VENDORS]
        servers = await serve(simulators, {})
        self.addresses = {name: address(server) for name, server in servers.items()}
        self.started.set()
        await self.stopping.wait()
        await stop(servers, simulators)


async def stop(servers: dict[str, asyncio.Server], simulators: list[Simulator]) -> None:
    """Close the ports, then every connection: callers see it at once."""
    for server in servers.values():
        server.close()
    for simulator in simulators:
        simulator.stop()
    tasks = [task for simulator in simulators for task in (*simulator.tasks, *simulator.deliverer.tasks)]
    await asyncio.gather(*tasks, return_exceptions=True)
