"""Settings, addresses and the ways in: the only place that reads the environment."""
