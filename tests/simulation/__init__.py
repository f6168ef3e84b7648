"""The deterministic simulation: intake, dispatchers, reports and restores in one thread, chosen from one seed.

`python3 dev.py simulate --seeds N` runs it. The product's own code runs; only the clock, the sockets, the database's
answers and the processes' deaths are replaced, and the vendors' side counts what reached it.
"""
