"""Received SMS: a gateway's call is stored, read, and forwarded to the partner that rents the number.

Comes in: raw calls of gateways. Goes out: HTTP calls to partners. It writes `InboundCall`, `InboundMessage` and
`InboundPushAttempt`.
"""
