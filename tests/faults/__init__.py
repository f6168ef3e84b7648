"""Faults on purpose: processes die, vendors misbehave, databases go away; the invariants of invariants.py must hold."""
