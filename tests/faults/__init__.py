"""Injected faults: processes die, vendors misbehave, databases fail. The invariants of invariants.py must hold."""
