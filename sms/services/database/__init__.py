"""Access to the database that every other package uses: statements over many rows, transactions, time.

Comes in: SQL and parameters. Goes out: rows, the database's time, the ids of a period. It has no tables of its own.
"""
