"""The formats of times in the admin, by language. They can be sorted, and compared with a log."""
