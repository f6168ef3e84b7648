"""A provider's state follows its calls of the last minutes, and alerts carry the figures of now."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sms.models import Alert, Attempt, Provider, ProviderState
from sms.services.database import clock
from sms.services.database.uuid_range import min_id
from sms.services.monitoring import alert_rules, outages
from sms.services.monitoring.outages import Load, RecentCalls


def health(calls: RecentCalls) -> str:
    state = ProviderState(bad_calls=0)
    return outages.health_of(Provider(slug="first", vendor="sandbox", state=state), calls).name


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        (RecentCalls(), "healthy"),
        (RecentCalls(total=100, bad=5), "healthy"),
        (RecentCalls(total=100, bad=10), "healthy"),
        (RecentCalls(total=100, bad=11), "degraded"),
        (RecentCalls(total=100, bad=50), "failing"),
        (RecentCalls(total=5, bad=5), "failing"),
        (RecentCalls(total=4, bad=4), "degraded"),
        (RecentCalls(total=1, bad=1), "degraded"),
        (RecentCalls(total=10, rejected=8), "degraded"),
        (RecentCalls(total=10, rejected=7), "healthy"),
        (RecentCalls(total=1, rejected=1), "healthy"),
        (RecentCalls(unanswered=1), "degraded"),
        (RecentCalls(total=100, unanswered=3), "degraded"),
    ],
)
def test_a_provider_is_not_healthy_while_its_calls_fail(calls, expected):
    assert health(calls) == expected


@pytest.mark.parametrize(
    ("load", "words"),
    [
        (Load(), ""),
        (Load(waiting=312, waiting_otps=12), "312 waiting, OTPs: 12"),
        (Load(waiting=1, waiting_otps=1, unconfirmed=4), "1 waiting, OTPs: 1; 4 unconfirmed"),
        (Load(unconfirmed=2, unconfirmed_otps=1), "2 unconfirmed, OTPs: 1"),
        (Load(sending=3), ""),
    ],
)
def test_a_title_names_what_waits(load, words):
    assert load.words == words


def called(shop, *outcomes: str | None, ago: float = 1.0) -> None:
    """Attempts at `first` so many seconds ago."""
    at = clock.now() - timedelta(seconds=ago)
    message = shop.message(status="submitted")
    for number, outcome in enumerate(outcomes, 1):
        id = min_id(at).__class__(int=min_id(at).int + Attempt.objects.count())
        message.attempts.create(
            id=id, number=number, provider=shop.first, lease_token=id, started_at=at, outcome=outcome, finished_at=at
        )


def first(shop) -> outages.Outage:
    return next(each for each in outages.read_providers(clock.now()) if each.provider == shop.first)


def test_failures_between_successes_are_seen(shop):
    called(shop, *["accepted", "unavailable"] * 5)
    ProviderState.objects.update(bad_calls=0)
    assert first(shop).health.name == "failing"
    assert first(shop).health.why == "5 of the last 10 calls failed."


def test_misconfigured_calls_count_and_old_ones_do_not(shop):
    called(shop, *["unconfirmed"] * 9, ago=400)
    assert first(shop).health.name == "healthy"
    called(shop, *["misconfigured"] * 9, ago=200)
    assert first(shop).health.name == "failing"
    called(shop, *["accepted"] * 5, ago=5)
    assert first(shop).health.name == "healthy"


def test_failures_from_before_the_breaker_closed_do_not_count(shop):
    called(shop, *["unavailable"] * 9, ago=20)
    ProviderState.objects.filter(provider=shop.first).update(closed_at=clock.now() - timedelta(seconds=10))
    assert first(shop).health.name == "healthy"
    called(shop, *["unavailable"] * 5)
    assert first(shop).health.name == "failing"


def test_calls_without_a_response_are_seen_before_their_time_out(shop):
    called(shop, None, ago=10)
    assert first(shop).health.name == "healthy"
    called(shop, None, None, ago=30)
    assert first(shop).health.why == "2 calls have had no response for 20 seconds."


def open_alerts() -> dict[str, str]:
    return dict(Alert.objects.filter(closed_at=None).values_list("key", "title"))


def test_a_failing_provider_has_an_alert_with_the_figures_of_now(shop):
    called(shop, *["unavailable"] * 6)
    shop.message()
    alert_rules.evaluate()
    assert open_alerts() == {"failing:first": "first is failing: 6 of the last 6 calls failed; 1 waiting"}
    shop.message("Kod 1", is_otp=True)
    shop.message(status="unconfirmed")
    alert_rules.evaluate()
    title = "first is failing: 6 of the last 6 calls failed; 2 waiting, OTPs: 1; 1 unconfirmed"
    assert open_alerts() == {"failing:first": title}
    called(shop, *["accepted"] * 60)
    alert_rules.evaluate()
    assert open_alerts() == {}


def test_a_suspended_providers_alert_gets_its_figures(shop):
    at = clock.now()
    ProviderState.objects.filter(provider=shop.first).update(
        breaker="open", opened_at=at, breaker_failure="balance", breaker_code="119"
    )
    Alert.objects.create(key="breaker:first", title="first", severity="critical", opened_at=at, provider=shop.first)
    shop.message()
    alert_rules.evaluate()
    title = f"first is suspended since {at:%H:%M} UTC: no credit left (119); 1 waiting"
    assert open_alerts() == {"breaker:first": title}


def test_the_titles_of_the_other_rules_are_kept_up_to_date(shop):
    old = clock.now() - timedelta(seconds=alert_rules.UNCONFIRMED_SECONDS + 61)
    shop.message(status="unconfirmed", updated_at=old)
    alert_rules.evaluate()
    shop.message(status="unconfirmed")
    alert_rules.evaluate()
    assert open_alerts()["unconfirmed:waiting"].startswith("2 unconfirmed")


def test_a_paused_provider_has_no_alert_of_its_own(shop):
    called(shop, *["unavailable"] * 6)
    Provider.objects.filter(pk=shop.first.pk).update(paused=True)
    alert_rules.evaluate()
    assert open_alerts() == {}
