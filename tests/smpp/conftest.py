"""A simulated SMSC, the real Kannel before it, and the whole product before that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.stack import ONE_WORKER, Stack

from .gateway import IS_INSTALLED, Gateway
from .smsc import Smsc

SHOP = Path(__file__).with_name("shop.toml").read_text()


@pytest.fixture
def smsc() -> Iterator[Smsc]:
    made = Smsc()
    yield made
    made.close()


@pytest.fixture
def gateway(smsc: Smsc, tmp_path: Path) -> Iterator[Gateway]:
    if not IS_INSTALLED:
        pytest.skip("Kannel is not installed: apt-get install kannel")
    made = Gateway(tmp_path, smsc)
    try:
        made.start()
        yield made
    finally:
        made.close()


@pytest.fixture
def stack(gateway: Gateway, stacks: Callable[..., Stack]) -> Stack:
    """The product, which may call no private address but Kannel's and the other vendor's."""
    provisioning = SHOP.replace("$kannel", gateway.url)
    policy = {"ALLOW_PRIVATE_PROVIDER_HOSTS": "off", "NEIGHBOUR_HOSTS": "127.0.0.1"}
    return stacks(provisioning=provisioning, web_words=ONE_WORKER, **policy)
