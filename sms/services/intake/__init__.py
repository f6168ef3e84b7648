"""Accepting a message: limits on log-ins, rate limits, route and template, and the INSERT.

Comes in: one call of a client. Goes out: the id of a stored message, or a rejection. It writes `Message`,
`RefusedRequest` and the counters of limits.
"""
