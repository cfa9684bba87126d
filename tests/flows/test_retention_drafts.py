"""Drafts that nobody goes on with: emptied and cancelled after 90 days, and who was in nothing else is forgotten."""

import asyncio
import re
from typing import Any

from sqlalchemy import text

from tests.builders import small_town
from tests.flows.operating import luotsi
from tests.flows.test_retention import age, due
from tests.platform import Platform
from tests.referring import CLIENT, SECRETS, at_work, new_referral, sent_referral

JSON = dict[str, Any]


async def test_a_draft_that_nobody_touched_goes_with_the_client_who_is_in_nothing_else(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    old = (await adviser.refer(new_referral(town, send=False))).json()
    await age(platform, 91)
    fresh = (await adviser.refer(new_referral(town, send=False))).json()
    assert await due(platform) == {"answers": 1, "drafts": 1}
    assert (await due(platform, "--run"))["drafts"] == 1
    gone = await adviser.read(old["id"])
    assert (gone["status"], gone["client"], gone["reason"]) == ("cancelled", None, None)
    assert (await adviser.read(fresh["id"]))["client"]["name"] == CLIENT["name"]
    assert "drafts" not in await due(platform)
    occasions = "SELECT count(*) FROM disclosures WHERE occasion = 'retention' AND member_id IS NULL"
    assert await platform.scalar("referral", occasions) == 1


async def test_a_client_who_was_referred_stays_and_the_words_of_the_draft_go(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    under_way = await sent_referral(platform, town)
    theirs = under_way["client"]["id"]
    draft = (await adviser.refer(new_referral(town, client=..., client_id=theirs, send=False))).json()
    before = await platform.scalar("referral", "SELECT texts FROM referrals WHERE id = :id", id=draft["id"])
    await age(platform, 91)
    assert (await due(platform, "--run"))["drafts"] == 1
    gone = await adviser.read(draft["id"])
    assert (gone["status"], gone["reason"], gone["private_note"]) == ("cancelled", None, None)
    assert gone["client"]["name"] == CLIENT["name"]
    assert (await adviser.read(under_way["id"]))["status"] == "requested"
    assert await platform.scalar("referral", "SELECT texts FROM referrals WHERE id = :id", id=draft["id"]) != before
    async with platform.databases["referral"].transaction() as tx:
        row = (
            await tx.execute(text("SELECT CAST(r.* AS text) FROM referrals r WHERE id = :id"), {"id": draft["id"]})
        ).scalar_one()
    assert all(secret not in row for secret in SECRETS)


async def test_whoever_went_on_with_a_draft_keeps_it(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    draft = (await adviser.refer(new_referral(town, send=False))).json()
    await age(platform, 89)
    assert "drafts" not in await due(platform)
    await age(platform, 2)
    assert (await due(platform))["drafts"] == 1
    read = await adviser.read(draft["id"])
    saved = await adviser.client.patch(
        f"/referrals/{draft['id']}", json={"urgency": "urgent"}, headers={"If-Match": f'"{read["version"]}"'}
    )
    assert saved.status_code == 200, saved.text
    assert "drafts" not in await due(platform, "--run")
    assert (await adviser.read(draft["id"]))["status"] == "draft"


async def test_copies_hear_of_it_and_nobody_is_told(platform: Platform) -> None:
    town = await small_town(platform)
    draft = (await at_work(platform, town.adviser).refer(new_referral(town, send=False))).json()
    await platform.settle()
    await age(platform, 91)
    await due(platform, "--run")
    events = [event for event in await platform.published("referral") if event["subject"] == draft["id"]]
    assert [event["type"] for event in events] == ["referral.created.v1", "referral.cancelled.v1"]
    assert events[1]["sequence"] > events[0]["sequence"]
    await platform.settle()
    assert await platform.scalar("notifications", "SELECT count(*) FROM notices") == 0


async def test_what_a_night_would_take_is_shown_by_the_doctor(platform: Platform) -> None:
    town = await small_town(platform)
    await at_work(platform, town.adviser).refer(new_referral(town, send=False))

    async def said(**changes: str) -> str:
        known = {"REDIS_URL": platform.servers.redis_urls["operator"], "COLUMNS": "400"}
        done = await asyncio.to_thread(luotsi, platform, "doctor", **(known | changes))
        [line] = [line for line in done.stdout.splitlines() if "  retention " in line]
        return " ".join(line.split())

    assert await said() == "ok retention has not run yet; due: nothing"
    await age(platform, 91)
    assert (await said()).startswith("!! retention has not run yet; due: drafts 1, answers 1: look at it with")
    assert await said(RETENTION="false") == "ok retention is off (RETENTION); due: drafts 1, answers 1"
    await due(platform, "--run")
    assert re.fullmatch(r"ok retention ran \d s ago; due: nothing", await said())
    async with platform.owners["referral"].transaction() as tx:
        await tx.execute(text("UPDATE retention_runs SET started_at = started_at - interval '27 hours'"))
    assert (await said()).startswith("!! retention ran 27 h ago; due: nothing: is `retention` running?")
