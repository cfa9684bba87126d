"""A decline with a better suggestion, which the adviser follows in one step and with a fresh legal basis."""

import asyncio
from typing import Any

from tests.builders import Town, small_town
from tests.flows.notifications_story import told
from tests.platform import Platform
from tests.referring import CONSENT, at_work, problem, sent_referral

JSON = dict[str, Any]
FRESH: JSON = {"legal_basis": {"kind": "statute", "statute": "a section"}}


async def declined(platform: Platform, town: Town, *, suggest: bool = True, **changes: Any) -> JSON:
    """A referral that Business Kuopio has declined, as the adviser sees it."""
    desk = at_work(platform, town.desk)
    referral = await desk.read((await sent_referral(platform, town, **changes))["id"])
    better = {"suggested_service_id": str(town.guidance)} if suggest else {}
    await desk.done("decline", referral, {"reason": {"code": "not_eligible"}, **better})
    return await at_work(platform, town.adviser).read(referral["id"])


async def test_the_suggestion_is_followed_in_one_step(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    first = await declined(platform, town, urgency="urgent")
    assert first["followed_by"] is None
    answer = await adviser.give("send-suggested", first, FRESH)
    assert answer.status_code == 201, answer.text
    second = answer.json()
    assert answer.headers["Location"] == f"/referrals/{second['id']}"
    assert answer.headers["ETag"] == f'"{second["version"]}"'
    assert (second["status"], second["service"]["id"]) == ("requested", str(town.guidance))
    kept = ("reason", "urgency", "private_note", "shareable_note", "client", "language")
    assert {name: second[name] for name in kept} == {name: first[name] for name in kept}
    assert second["legal_basis"]["statute"] == "a section"
    assert second["legal_basis"]["recorded_by"] == str(town.adviser.id)
    assert second["reference"] != first["reference"]

    before = await adviser.read(first["id"])
    assert before["closed_at"] is not None
    assert before["attention"] is None
    assert before["followed_by"] == {"id": second["id"], "reference": second["reference"], "status": "requested"}
    assert second["follows"] == {"id": first["id"], "reference": first["reference"], "status": "rejected"}
    types = [event["type"].split(".")[1] for event in await platform.published("referral")]
    assert types[-4:] == ["created", "sent", "followed", "closed"]
    await platform.settle()
    assert (await told(platform, town.bystander))[town.bystander.email] == ["sent"]


async def test_a_fresh_legal_basis_is_needed(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    first = await declined(platform, town)
    refused = problem(await adviser.give("send-suggested", first, {}), 422, "invalid")
    assert [error["field"] for error in refused["errors"]] == ["legal_basis"]
    to_come = {"kind": "consent", "consent": {**CONSENT["consent"], "given_on": "2999-01-01"}}
    problem(await adviser.give("send-suggested", first, {"legal_basis": to_come}), 422, "invalid")
    assert await adviser.read(first["id"]) == first, "nothing was done"


async def test_sent_again_after_a_lost_answer_it_creates_nothing_twice(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, colleague = at_work(platform, town.adviser), at_work(platform, town.colleague)
    first = await declined(platform, town)
    answers = await asyncio.gather(*(each.give("send-suggested", first, FRESH) for each in (adviser, colleague)))
    assert sorted(answer.status_code for answer in answers) == [201, 412]
    problem(await adviser.give("send-suggested", first, FRESH), 412, "stale-version")
    now = await adviser.read(first["id"])
    problem(await adviser.give("send-suggested", now, FRESH), 409, "already-followed")
    assert await platform.scalar("referral", "SELECT count(*) FROM referrals") == 2


async def test_what_was_closed_already_can_still_be_followed(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    closed = await adviser.done("close", await declined(platform, town))
    answer = await adviser.give("send-suggested", closed, {**FRESH, "shareable_note": None})
    assert answer.status_code == 201
    assert answer.json()["shareable_note"] is None
    assert (await adviser.read(closed["id"]))["closed_at"] == closed["closed_at"]


async def test_there_must_be_something_to_follow(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    without = await declined(platform, town, suggest=False)
    problem(await adviser.give("send-suggested", without, FRESH), 409, "no-suggestion")
    waiting = await sent_referral(platform, town)
    problem(await adviser.give("send-suggested", waiting, FRESH), 409, "illegal-command")
    path = f"/referrals/{without['id']}/send-suggested"
    problem(await adviser.client.post(path, json=FRESH), 428, "precondition-required")


async def test_following_is_the_source_s(platform: Platform) -> None:
    town = await small_town(platform)
    first = await declined(platform, town)
    problem(await at_work(platform, town.desk).give("send-suggested", first, FRESH), 403, "forbidden")
    problem(await at_work(platform, town.bystander).give("send-suggested", first, FRESH), 404, "not-found")


async def test_a_service_that_can_not_be_referred_to_any_more_is_refused(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    first = await declined(platform, town)
    await town.facts.service("guidance", town.kompassi, service_id=town.guidance, status="inactive")
    await platform.settle()
    problem(await adviser.give("send-suggested", first, FRESH), 422, "inactive-service")
    assert (await adviser.read(first["id"]))["closed_at"] is None


async def test_neither_target_learns_of_the_other(platform: Platform) -> None:
    town = await small_town(platform)
    first = await declined(platform, town)
    second = (await at_work(platform, town.adviser).give("send-suggested", first, FRESH)).json()
    for who, its, other in ((town.desk, first, second), (town.bystander, second, first)):
        desk = at_work(platform, who)
        for path in (f"/referrals/{its['id']}", f"/referrals/{its['id']}/timeline", f"/referrals/{its['id']}/fhir"):
            answer = await desk.client.get(path)
            assert answer.status_code == 200
            assert other["id"] not in answer.text
            assert other["reference"] not in answer.text
            assert "followed.v1" not in answer.text


async def test_a_possible_duplicate_at_the_suggested_service_is_told_or_asked(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    there = await sent_referral(platform, town, service_id=str(town.guidance))
    first = await declined(platform, town)
    asked = problem(
        await adviser.give("send-suggested", first, {**FRESH, "on_duplicate": "ask"}), 409, "possible-duplicate"
    )
    assert [one["referral_id"] for one in asked["duplicates"]] == [there["id"]]
    assert await adviser.read(first["id"]) == first, "nothing was done"
    gone_on = await adviser.give("send-suggested", first, FRESH)
    assert [one["referral_id"] for one in gone_on.json()["duplicates"]] == [there["id"]]
