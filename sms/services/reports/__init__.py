"""Delivery reports: a vendor's call is stored as it came, then read and applied in batches.

Comes in: raw calls, polled states. Goes out: changed states of messages. It writes `Callback`, `DeliveryReport`,
`Attempt`, `AttemptPart`, `Message` and `MessageEvent`.
"""
