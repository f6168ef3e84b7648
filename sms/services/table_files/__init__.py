"""Reads CSV and Excel files that staff import.

Comes in: a file's bytes. Goes out: rows of cells, or the reason why it can't be read. It does not use the
database.
"""
