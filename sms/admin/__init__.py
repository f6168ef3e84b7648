"""The desk: a module per subject."""
