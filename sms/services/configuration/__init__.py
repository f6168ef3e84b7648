"""The configuration as plain values, read once per change and shared by everything that decides about a message.

Comes in: clients, providers, routes, senders and templates as stored. Goes out: a snapshot. It writes no rows.
"""
