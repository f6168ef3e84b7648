"""Mutation: one change of a file at a time, and the tests that execute the changed line.

`python3 dev.py mutate FILE...` runs it. pytest collects the tests once; each change is put in place in a fork of that
process, so that nothing is imported or migrated again.
"""
