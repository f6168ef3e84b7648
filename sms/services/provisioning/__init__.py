"""Provisioning: stores the rows that a TOML file declares, all or none.

Comes in: the file's tables. Goes out: the list of changes, or of errors. It writes the tables of the configuration.
"""
