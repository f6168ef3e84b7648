"""Matching against an oracle: generated templates, registered texts and messages, each decided twice."""
