"""Maintenance of the stored data: retention, key rotation, database copy, quarantine after a restored backup.

Comes in: settings, an operator's command. Goes out: counts of what was done. It deletes or changes rows of every
table.
"""
