"""The doctor: what has stood still for too long, mail that does not arrive, and keys that open nothing are not well."""

import asyncio
import base64
import time
from datetime import timedelta
from typing import Any

import pytest

from luotsi.doctor.finding import age
from shared.consuming import backlog
from tests.builders import Town, small_town
from tests.flows.mail_server import MailServer
from tests.flows.notifications_mailing import Clock, delivery_queue
from tests.flows.notifications_story import Story
from tests.flows.operating import luotsi
from tests.platform import Platform
from tests.referring import sent_referral


async def doctor(platform: Platform, piece: str, **changes: Any) -> tuple[str, str]:
    """Whether the piece is `ok` or `!!`, and what is said of it."""
    known = {"COLUMNS": "600", "REDIS_URL": platform.servers.redis_urls["operator"]}
    done = await asyncio.to_thread(luotsi, platform, "doctor", **(known | changes))
    assert (done.exit_code == 0) == ("!!" not in done.stdout)
    (row,) = [line for line in done.stdout.splitlines() if f"  {piece} " in line]
    mark, _, said = row.strip().partition(" ")
    return mark, said.strip().removeprefix(piece).strip()


async def change(platform: Platform, service: str, sql: str) -> None:
    async with platform.owners[service].engine.begin() as connection:
        await connection.exec_driver_sql(sql)


@pytest.fixture
async def town(platform: Platform) -> Town:
    return await small_town(platform)


async def test_a_relay_that_stands_still_is_not_well(platform: Platform, town: Town) -> None:
    await sent_referral(platform, town)
    mark, said = await doctor(platform, "outbox referral")
    assert (mark, "1 event waits" in said or "events wait to be published" in said) == ("ok", True)
    await change(
        platform, "referral", "UPDATE outbox SET published_at = NULL, recorded_at = now() - interval '75 seconds'"
    )
    mark, said = await doctor(platform, "outbox referral")
    assert mark == "!!"
    assert "the oldest for 75 s: does Redis answer, and is referral-worker running?" in said.replace("76 s", "75 s")


async def test_what_was_parked_for_long_is_not_well(platform: Platform) -> None:
    parked = (
        "INSERT INTO parked (event_id, waits_for, payload, parked_at) VALUES (gen_random_uuid(), 'member:1', '{}', "
    )
    await change(platform, "referral", parked + "now())")
    assert (await doctor(platform, "parked referral"))[0] == "ok"
    await change(platform, "referral", parked + "now() - interval '2 hours')")
    mark, said = await doctor(platform, "parked referral")
    assert (mark, "2 events are parked, the oldest for 2 h" in said, "luotsi rebuild --all" in said) == (
        "!!",
        True,
        True,
    )


async def test_timers_that_nobody_fires_are_not_well(platform: Platform, town: Town) -> None:
    await sent_referral(platform, town)
    assert (await doctor(platform, "timers of referrals"))[0] == "ok"
    await change(platform, "referral", "UPDATE timers SET due_at = now() - interval '1 hour' WHERE fired_at IS NULL")
    mark, said = await doctor(platform, "timers of referrals")
    assert (mark, "the oldest for 60 min" in said) == ("!!", True)


async def test_days_that_nobody_seals_are_not_well(platform: Platform, town: Town) -> None:
    await sent_referral(platform, town)
    assert await doctor(platform, "seals") == ("ok", "all days that are over are sealed")
    await change(platform, "referral", "UPDATE disclosures SET at = now() - interval '3 days'")
    mark, said = await doctor(platform, "seals")
    assert (mark, "3 days are over and not sealed, the first for 2 days" in said) == ("!!", True), said
    assert "is a referral worker running" in said


async def grow_older(platform: Platform) -> None:
    """Let all notices and attempts of before have been two minutes earlier."""
    await change(platform, "notifications", "UPDATE notices SET created_at = created_at - interval '2 minutes'")
    await change(
        platform,
        "notifications",
        "UPDATE deliveries SET delivered_at = delivered_at - interval '2 minutes',"
        " next_attempt_at = next_attempt_at - interval '2 minutes'",
    )


async def test_mail_that_nobody_sends_is_not_well(platform: Platform, town: Town) -> None:
    assert await doctor(platform, "mail") == ("ok", "none fails")
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    assert (await doctor(platform, "mail"))[0] == "ok"
    await grow_older(platform)
    mark, said = await doctor(platform, "mail")
    assert (mark, "1 delivery is due, the oldest for 2 min" in said) == ("!!", True)
    assert "is notifications-worker running?" in said


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"refuse": "450 come back later"}, "1 fails and is tried again, the oldest for 2 min"),
        ({"refuse": "550 relaying denied"}, "1 was given up within a day"),
        ({"login": ("user", "password")}, "1 fails and is tried again"),
    ],
)
async def test_mail_of_which_none_arrives_is_not_well(
    platform: Platform, town: Town, fault: dict[str, Any], words: str
) -> None:
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    clock = Clock()
    async with MailServer(**fault) as server:
        await delivery_queue(platform, clock, server).step()
        await grow_older(platform)
        await change(
            platform,
            "notifications",
            "UPDATE deliveries SET next_attempt_at = now() + interval '1 hour' WHERE next_attempt_at IS NOT NULL",
        )
        mark, said = await doctor(platform, "mail")
        assert (mark, words in said, "none has arrived since" in said) == ("!!", True, True)
        assert (fault.get("refuse") or "530")[:3] in said
        server.refuse, server.login = None, None
        await Story.of(platform, town).tell("sent", "source")
        await platform.settle()
        clock.forward(timedelta(seconds=1))
        await delivery_queue(platform, clock, server).step()
    mark, said = await doctor(platform, "mail")
    assert (mark, "others arrive" in said) == ("ok", True), "one recipient's trouble is not the platform's"


async def test_keys_that_open_nothing_are_not_well(platform: Platform, town: Town) -> None:
    assert (await doctor(platform, "keys"))[0] == "ok"
    await sent_referral(platform, town)
    assert await doctor(platform, "keys") == ("ok", "open a client's data, or there is none")
    other = base64.urlsafe_b64encode(bytes(32)).decode()
    mark, said = await doctor(platform, "keys", MASTER_KEY=other)
    assert (mark, "opens the key of no client" in said, "Take the MASTER_KEY" in said) == ("!!", True, True)
    mark, said = await doctor(platform, "keys", MASTER_KEY="")
    assert (mark, "not tried" in said) == ("ok", True)


async def test_a_group_of_which_only_names_are_left_is_not_well(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis: Any = platform.redis
    await redis.xgroup_create("referral.events", "catalog", id="$", mkstream=True)
    await redis.xgroup_createconsumer("referral.events", "catalog", "catalog-worker")
    mark, said = await doctor(platform, "referral.events → catalog")
    assert (mark, "1 consumer" in said and "1 consumers" not in said) == ("ok", True)
    monkeypatch.setattr(backlog, "_IDLE_SECONDS", 0.05)
    await asyncio.sleep(0.1)
    mark, said = await doctor(platform, "referral.events → catalog")
    assert (mark, "0 consumers: nobody reads: is catalog-worker running?" in said) == ("!!", True)


async def test_what_lies_unread_for_long_is_not_well(platform: Platform) -> None:
    redis: Any = platform.redis
    await redis.xgroup_create("referral.events", "catalog", id="0", mkstream=True)
    await redis.xgroup_createconsumer("referral.events", "catalog", "catalog-worker")
    await redis.xadd("referral.events", {"__data__": "{}"}, id=f"{int(1000 * (time.time() - 300))}-0")
    mark, said = await doctor(platform, "referral.events → catalog")
    assert (mark, "1 to read" in said, "the oldest unread for 5 min" in said) == ("!!", True, True)


@pytest.mark.parametrize(
    ("seconds", "said"), [(-1, "0 s"), (75, "75 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (259_200, "3 days")]
)
def test_an_age_is_said_in_a_unit_that_tells_it(seconds: float, said: str) -> None:
    assert age(seconds) == said
