"""How the admin writes times, per language: unlike words such as noon, these can be sorted and compared with a log."""
