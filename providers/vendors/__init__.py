"""The vendors, one module each. None imports another."""
