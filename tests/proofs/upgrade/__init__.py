"""The previous version and the next one on one database."""
