"""What the fault tests share: load, attacks, ledger, invariants, evidence."""
