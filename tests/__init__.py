"""The tests: they mirror the product's folders. `python3 dev.py test` runs them."""
