"""How well each provider reaches its objectives, by country and lane.

Comes in: messages, attempts and delivery reports. Goes out: figures for staff, and alerts. It writes `ObjectivePeriod`
and `ObjectiveSum`.
"""
