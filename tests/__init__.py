"""The tests: they mirror the house's folders. `python3 dev.py test` runs them."""
