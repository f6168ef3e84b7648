"""Counters for limits: a client's messages, and failed log-ins."""

from __future__ import annotations

from django.db import models

from .client import ApiClient


class ClientAllowance(models.Model):
    """A client's token bucket and daily budget. Processes take tokens in blocks, not in the transaction of a message.

    `at` is in seconds since 1970, `day` in days since then (UTC), `used` counts that day's messages. `granted` is the
    size of the last block, which the process reads from its own UPDATE.
    """

    client = models.OneToOneField(ApiClient, models.CASCADE, primary_key=True, related_name="allowance")
    tokens = models.FloatField(default=0)
    at = models.FloatField(default=0)
    day = models.PositiveIntegerField(default=0)
    used = models.PositiveIntegerField(default=0)
    granted = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.client_id}: {self.used} on day {self.day}"


class LoginSource(models.Model):
    """Log-ins for one user name from one address. `account` is a client's id, or a bucket of unknown user names."""

    account = models.CharField(max_length=24)
    source = models.CharField(max_length=45, help_text="An IPv4 address, or the /64 network of an IPv6 one.")
    failures = models.PositiveIntegerField(default=0)
    failures_since = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("account", "source"), name="one_row_per_login_source")]
        verbose_name = "login source"

    def __str__(self) -> str:
        return f"{self.account} from {self.source}"
