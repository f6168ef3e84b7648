"""Protects the staff's accounts: log-in limits, passwords, second factor, sessions, and the record of access."""
