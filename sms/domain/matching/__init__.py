"""Finds the approved template that gives a text, and explains to staff why none does."""
