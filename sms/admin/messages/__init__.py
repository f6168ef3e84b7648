"""Messages: the list and its filters, a message's page, actions, rejected calls, attempts, dry run, unmatched texts."""
