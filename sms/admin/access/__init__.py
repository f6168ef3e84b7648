"""Who may do what: clients, staff and roles, log-in, second factor, the block list."""
