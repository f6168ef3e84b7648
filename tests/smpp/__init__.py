"""The product with the real Kannel, against a simulated SMSC. Debian's package `kannel` must be installed."""
