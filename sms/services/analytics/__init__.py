"""How many messages arrived, by provider, country, template, sender, client and hour.

Comes in: the messages of an hour, then the hourly sums. Goes out: figures for staff. The hourly roll-up writes
`HourlyDelivery` with what is counted here.
"""
