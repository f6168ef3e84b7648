"""Made cases for the rules: the same on every machine, however slow."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "sms", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], max_examples=300
)
settings.load_profile("sms")
