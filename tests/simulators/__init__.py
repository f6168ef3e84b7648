"""The vendors' side of the wire, written from the vendors' documents and not from our adapters."""

from .client import SeenCall, Vendor
from .suite import Simulators, Vendors

__all__ = ["SeenCall", "Simulators", "Vendor", "Vendors"]
