"""The vendors: one module each, which imports no other of them."""
