"""Table files that people import, CSV and Excel: from bytes to rows.

Comes in: a file's bytes. Goes out: rows of cells, or the reason why it can't be read. It writes no rows of the
database.
"""
