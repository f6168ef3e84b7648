"""Long generated checks of what the product promises: `python3 dev.py prove NAME`. Quick runs of them are tests."""
