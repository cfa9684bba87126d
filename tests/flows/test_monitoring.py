"""What monitors see: `/readyz` names the work that is late, and `/metrics` says how much waits, and how long."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from luotsi.embedded.servers import Server
from services.portal.vault import AccountVault
from services.referral.vault import Unreadable, Vault
from shared.services import dead_stream, service_names
from tests.builders import Town, small_town
from tests.flows.notifications_story import Story
from tests.platform import Platform
from tests.portal.entering import browser, enrol
from tests.referring import SECRETS, sent_referral


@pytest_asyncio.fixture
async def town(platform: Platform) -> AsyncIterator[Town]:
    """A town in which a referral was sent, and all is quiet."""
    town = await small_town(platform)
    await sent_referral(platform, town)
    await platform.settle()
    yield town


async def change(platform: Platform, service: str, sql: str) -> None:
    async with platform.owners[service].engine.begin() as connection:
        await connection.exec_driver_sql(sql)


async def readiness(platform: Platform, service: str) -> dict[str, Any]:
    answer = await platform.client(service).get("/readyz")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def figures(platform: Platform, service: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Name and labels of each figure, and its value."""
    answer = await platform.client(service).get("/metrics")
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for each in families
        for sample in each.samples
    }


async def figure(platform: Platform, of: str, name: str, **labels: str) -> float:
    return (await figures(platform, of))[name, tuple(sorted(labels.items()))]


async def test_what_is_not_published_has_an_age(platform: Platform, town: Town) -> None:
    assert (await readiness(platform, "referral"))["late"] == []
    stream = {"stream": "referral.events"}
    assert await figure(platform, "referral", "luotsi_outbox_oldest_unpublished_seconds", **stream) == 0
    older = "UPDATE outbox SET published_at = NULL, recorded_at = now() - interval '75 seconds'"
    await change(platform, "referral", older)
    found = await readiness(platform, "referral")
    assert (found["status"], found["late"]) == ("degraded", ["outbox"])
    assert 75 <= await figure(platform, "referral", "luotsi_outbox_oldest_unpublished_seconds", **stream) < 175


async def test_what_is_parked_has_an_age(platform: Platform, town: Town) -> None:
    parked = (
        "INSERT INTO parked (event_id, waits_for, payload, parked_at) VALUES (gen_random_uuid(), 'member:1', '{}', "
    )
    await change(platform, "notifications", parked + "now() - interval '2 hours')")
    assert (await readiness(platform, "notifications"))["late"] == ["parked"]
    service = {"service": "notifications"}
    assert await figure(platform, "notifications", "luotsi_parked_events", **service) == 1
    assert await figure(platform, "notifications", "luotsi_parked_oldest_seconds", **service) >= 7200


async def test_timers_that_nobody_fires_have_an_age(platform: Platform, town: Town) -> None:
    assert await figure(platform, "referral", "luotsi_timers_overdue") == 0
    await change(platform, "referral", "UPDATE timers SET due_at = now() - interval '1 hour' WHERE fired_at IS NULL")
    assert (await readiness(platform, "referral"))["late"] == ["timers"]
    assert await figure(platform, "referral", "luotsi_timers_overdue") > 0
    assert await figure(platform, "referral", "luotsi_timers_oldest_overdue_seconds") >= 3590


@pytest.mark.parametrize(("days_ago", "unsealed"), [(0, 0), (4, 4)])
async def test_days_that_nobody_seals_have_an_age(platform: Platform, town: Town, days_ago: int, unsealed: int) -> None:
    await change(platform, "referral", f"UPDATE disclosures SET at = now() - interval '{days_ago} days'")
    late = ["seals"] if unsealed else []
    assert (await readiness(platform, "referral"))["late"] == late
    assert await figure(platform, "referral", "luotsi_seals_missing") == unsealed
    oldest = await figure(platform, "referral", "luotsi_seals_oldest_unsealed_seconds")
    assert (oldest > (unsealed - 1) * 86_400 - 7200) if unsealed else (oldest == 0)


async def test_days_after_the_newest_seal_have_an_age(platform: Platform, town: Town) -> None:
    await change(platform, "referral", "UPDATE disclosures SET at = now()")
    seal = (
        "INSERT INTO audit_seals (day, rows, digest, previous, seal, sealed_at) VALUES "
        "((now() AT TIME ZONE 'Europe/Helsinki')::date - 3, 0, '', '', '', now())"
    )
    await change(platform, "referral", seal)
    assert await figure(platform, "referral", "luotsi_seals_missing") == 2
    assert (await readiness(platform, "referral"))["late"] == ["seals"]


async def test_keys_that_open_nothing_are_seen(platform: Platform, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await figure(platform, "referral", "luotsi_keys_open", service="referral") == 1
    monkeypatch.setattr(Vault, "unwrap", _opens_nothing)
    assert (await readiness(platform, "referral"))["late"] == ["keys"]
    assert await figure(platform, "referral", "luotsi_keys_open", service="referral") == 0


async def test_a_key_of_the_portal_that_opens_nothing_is_seen(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        await enrol(platform, opened, "adviser@navigaattori.example")
    assert await figure(platform, "portal", "luotsi_keys_open", service="portal") == 1
    monkeypatch.setattr(AccountVault, "age_of", lambda *_: None)
    assert (await readiness(platform, "portal"))["late"] == ["keys"]
    assert await figure(platform, "portal", "luotsi_keys_open", service="portal") == 0


def _opens_nothing(*_: object) -> bytes:
    """As a vault does that has another key."""
    raise Unreadable


async def test_mail_that_fails_has_an_age_and_a_reason(platform: Platform, town: Town) -> None:
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    assert (await readiness(platform, "notifications"))["late"] == []
    await change(platform, "notifications", "UPDATE notices SET created_at = created_at - interval '2 minutes'")
    failed = (
        "UPDATE deliveries SET status = 'failed', attempts = 1, next_attempt_at = now() + interval '1 hour', "
        "last_error = 'SMTPConnectError: no way to desk@kuopio.example' WHERE next_attempt_at IS NOT NULL"
    )
    await change(platform, "notifications", failed)
    assert (await readiness(platform, "notifications"))["late"] == ["mail"]
    found = await figures(platform, "notifications")
    assert found["luotsi_deliveries_failing", (("reason", "connection"),)] > 0
    assert found["luotsi_deliveries_failing", (("reason", "refused"),)] == 0
    assert found["luotsi_deliveries_oldest_failing_seconds", ()] >= 120
    assert found["luotsi_mail_well", ()] == 0


async def test_mail_that_nobody_attempts_has_an_age(platform: Platform, town: Town) -> None:
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    due = "UPDATE deliveries SET next_attempt_at = now() - interval '5 minutes' WHERE next_attempt_at IS NOT NULL"
    await change(platform, "notifications", due)
    assert (await readiness(platform, "notifications"))["late"] == ["mail"]
    assert await figure(platform, "notifications", "luotsi_deliveries_due") > 0
    assert await figure(platform, "notifications", "luotsi_deliveries_oldest_due_seconds") >= 300


async def test_of_consumers_only_those_count_that_live(platform: Platform, town: Town) -> None:
    redis: Any = platform.redis
    await redis.xgroup_createconsumer("referral.events", "catalog", "catalog-worker")
    group = {"stream": "referral.events", "group": "catalog"}
    assert await figure(platform, "catalog", "luotsi_group_consumers", **group) >= 1
    await redis.xgroup_delconsumer("referral.events", "catalog", "catalog-worker")
    await redis.xgroup_delconsumer("referral.events", "catalog", "settle")
    await redis.xadd("referral.events", {"__data__": "{}"}, id=f"{int(1000 * (time.time() + 1))}-0")
    await redis.xadd(dead_stream("referral.events", "catalog"), {"__data__": "{}"})
    found = await figures(platform, "catalog")
    labels = tuple(sorted(group.items()))
    said = {name: found[f"luotsi_group_{name}", labels] for name in ("consumers", "lag", "pending", "dead_letters")}
    assert said == {"consumers": 0, "lag": 1, "pending": 0, "dead_letters": 1}
    assert found["luotsi_group_oldest_unread_seconds", labels] >= 0


@pytest.mark.parametrize("service", service_names())
async def test_figures_have_a_meaning_and_say_nothing_of_anybody(platform: Platform, town: Town, service: str) -> None:
    text = (await platform.client(service).get("/metrics")).text
    named = {line.split(" ")[2] for line in text.splitlines() if line.startswith("# HELP ")}
    typed = {line.split(" ")[2] for line in text.splitlines() if line.startswith("# TYPE ")}
    assert named == typed
    for family in text_string_to_metric_families(text):
        assert family.documentation
        assert family.name in named or f"{family.name}_total" in named
    assert not [one for one in (*SECRETS, town.adviser.email, str(town.adviser.id)) if one in text]


async def test_without_redis_what_the_database_knows_is_told(
    platform: Platform, town: Town, mortal_valkey: Server
) -> None:
    mortal_valkey.kill()
    found = await figures(platform, "referral")
    assert found["luotsi_dependency_up", (("dependency", "redis"), ("service", "referral"))] == 0
    assert found["luotsi_dependency_up", (("dependency", "postgresql"), ("service", "referral"))] == 1
    assert ("luotsi_timers_overdue", ()) in found
    assert not [name for name, _ in found if name.startswith("luotsi_group_")]
