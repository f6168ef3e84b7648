"""Vendors by description: what a change would change, and what a description does, without a call.

Comes in: the text of a description. Goes out: results for the page. It writes nothing.
"""
