"""Tests that any adapter inherits, and what they need. The product itself never imports pytest."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(f"{__name__}.contract", f"{__name__}.cases")

from .contract import SenderContract as SenderContract  # noqa: E402
from .example import Example as Example  # noqa: E402
