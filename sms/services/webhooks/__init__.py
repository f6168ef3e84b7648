"""The URLs that vendors and gateways call: their secret tokens, and the fields of a stored call.

Comes in: a provider or a gateway; a raw call. Goes out: a URL; the call's fields. It writes no rows.
"""
