"""What operators and staff see of the system: alerts and their delivery, metrics, health, hourly statistics.

Comes in: events of the stages above, stored rows. Goes out: alerts, /metrics, /status, the dashboard's figures. It
writes `Alert`, `AlertNotice` and the hourly sums.
"""
