"""Work on the stored data as a whole: retention, rotation of keys, copying the database, restoring a backup.

Comes in: settings, an operator's command. Goes out: counts of what was done. It deletes or changes rows of every
table.
"""
