"""How well each provider works: by its objectives, by country and lane, and by its own last days.

Comes in: messages, attempts and delivery reports. Goes out: figures for staff, alerts, and the shares of messages that
the providers of a route keep. It writes `ObjectivePeriod`, `ObjectiveSum`, `UsualFigures` and `ShareMove`.
"""
