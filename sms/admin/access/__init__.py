"""Access: clients, staff and roles, log-in, two-factor authentication, the block list."""
