"""Tests that any adapter inherits, and what they need. The product itself never imports pytest."""

from __future__ import annotations

import pytest

for name in ("contract", "callback_contract", "message_contract", "cases"):
    pytest.register_assert_rewrite(f"{__name__}.{name}")

from .contract import SenderContract as SenderContract  # noqa: E402
from .example import Example as Example  # noqa: E402
from .example import GoodCallback as GoodCallback  # noqa: E402
