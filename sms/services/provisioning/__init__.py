"""Provisioning: what a TOML file declares becomes rows, all of it or nothing.

Comes in: the file's tables. Goes out: the list of changes, or of mistakes. It writes the tables of the configuration.
"""
