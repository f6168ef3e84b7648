"""One simulated vendor, or partner, per module."""
