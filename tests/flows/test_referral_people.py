"""People: who acts for whom, who has left, and what the coordinator sees."""

import json

from sqlalchemy import text

from tests.builders import small_town
from tests.platform import Platform
from tests.referring import SECRETS, at_work, new_referral, problem, sent_referral


async def test_a_colleague_goes_on_with_a_referral(platform: Platform) -> None:
    town = await small_town(platform)
    referral = await sent_referral(platform, town)
    colleague = at_work(platform, town.colleague)
    cancelled = await colleague.done(
        "cancel", await colleague.read(referral["id"]), {"reason": {"code": "client_not_interested"}}
    )
    assert cancelled["status"] == "cancelled"


async def test_only_the_right_side_in_the_right_role_acts(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    referral = await desk.read((await sent_referral(platform, town))["id"])
    problem(await adviser.give("accept", referral), 403, "forbidden")
    problem(await desk.give("mark-error", referral, {"reason": {"code": "other", "text": "x"}}), 403, "forbidden")
    problem(await at_work(platform, town.coordinator).refer(new_referral(town)), 403, "forbidden")
    not_a_recipient = await town.facts.member("counsellor@businesskuopio.example", town.business, "adviser")
    await platform.settle()
    problem(await at_work(platform, not_a_recipient).client.get(f"/referrals/{referral['id']}"), 404, "not-found")


async def test_tokens_of_who_has_left_end_at_once(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    assert (await adviser.client.get("/referrals")).status_code == 200
    await town.facts.deactivate(town.adviser)
    await platform.settle()
    problem(await adviser.client.get("/referrals"), 401, "unauthenticated")


async def test_a_role_taken_away_ends_at_once_though_the_token_still_has_it(platform: Platform) -> None:
    town = await small_town(platform)
    coordinator = at_work(platform, town.coordinator)
    assert (await coordinator.client.get("/overview")).status_code == 200
    await town.facts.member(town.coordinator.email, town.city, "adviser", again=town.coordinator)
    await platform.settle()
    problem(await coordinator.client.get("/overview"), 403, "forbidden")


async def test_what_was_theirs_goes_to_the_named_deputy(platform: Platform) -> None:
    town = await small_town(platform)
    still_open = await sent_referral(platform, town)
    closed = await sent_referral(platform, town)
    adviser = at_work(platform, town.adviser)
    await adviser.done("cancel", closed, {"reason": {"code": "client_not_interested"}})
    await adviser.done("close", await adviser.read(closed["id"]))
    await town.facts.deactivate(town.adviser, deputy=town.colleague)
    await platform.settle()
    colleague = at_work(platform, town.colleague)
    handed = await colleague.read(still_open["id"])
    assert handed["source_member_id"] == str(town.colleague.id)
    assert (await colleague.read(closed["id"]))["source_member_id"] == str(town.adviser.id)
    last = (await platform.published("referral"))[-1]
    assert (last["type"], last["data"]["source_member_id"]) == ("referral.handed_over.v1", str(town.colleague.id))
    assert last["actor"] != str(town.adviser.id)


async def test_without_a_deputy_it_stays_with_the_organisations_advisers(platform: Platform) -> None:
    town = await small_town(platform)
    referral = await sent_referral(platform, town)
    await town.facts.deactivate(town.adviser)
    await platform.settle()
    colleague = at_work(platform, town.colleague)
    found = await colleague.read(referral["id"])
    assert found["source_member_id"] == str(town.adviser.id)
    assert "cancel" in found["commands"]
    notices = (await platform.client("notifications", town.colleague).get("/notices")).json()["contents"]
    assert [notice["event_type"] for notice in notices] == ["referral.handed_over.v1"]


async def test_what_is_over_is_not_handed_over(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    wrong = await sent_referral(platform, town)
    await adviser.done("mark-error", wrong, {"reason": {"code": "other", "text": "wrong client"}})
    draft = (await adviser.refer(new_referral(town, send=False))).json()
    await adviser.done("cancel", draft, {"reason": {"code": "client_not_interested"}})
    await town.facts.deactivate(town.adviser, deputy=town.colleague)
    await platform.settle()
    types = [event["type"] for event in await platform.published("referral")]
    assert "referral.handed_over.v1" not in types


async def hold_back(platform: Platform, subject: str, *, hold: bool) -> None:
    """Keep the catalogue's events of a subject from being published, or let them go."""
    held = "UPDATE outbox SET published_at = CASE WHEN :hold THEN now() END WHERE subject = :subject"
    async with platform.databases["catalog"].transaction() as tx:
        await tx.execute(text(held), {"subject": subject, "hold": hold})


async def test_access_ends_at_once_and_handing_over_waits_for_a_deputy_not_known_yet(platform: Platform) -> None:
    town = await small_town(platform)
    referral = await sent_referral(platform, town)
    newcomer = await town.facts.member("new@navigaattori.example", town.navigaattori, "adviser")
    await hold_back(platform, str(newcomer.id), hold=True)
    await town.facts.deactivate(town.adviser, deputy=newcomer)
    await platform.settle()
    problem(await at_work(platform, town.adviser).client.get("/referrals"), 401, "unauthenticated")
    assert await platform.scalar("referral", "SELECT count(*) FROM parked") == 1

    await hold_back(platform, str(newcomer.id), hold=False)
    await platform.settle()
    assert (await at_work(platform, newcomer).read(referral["id"]))["source_member_id"] == str(newcomer.id)
    assert await platform.scalar("referral", "SELECT count(*) FROM parked") == 0


async def test_the_service_works_with_the_catalogue_stopped(platform: Platform) -> None:
    town = await small_town(platform)
    async with platform.databases["catalog"].transaction() as tx:
        await tx.execute(text("DELETE FROM outbox"))
    desk = at_work(platform, town.desk)
    referral = await desk.read((await sent_referral(platform, town))["id"])
    assert referral["service"]["name"]["en"] == "advice for starting a business (en)"
    await desk.done("accept", referral)


async def test_the_coordinator_sees_where_referrals_stall_and_nothing_about_clients(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    waiting = await sent_referral(platform, town)
    declined = await desk.read((await sent_referral(platform, town))["id"])
    await desk.done("decline", declined, {"reason": {"code": "no_capacity"}})
    await adviser.refer(new_referral(town, send=False))
    coordinator = at_work(platform, town.coordinator)
    answer = await coordinator.client.get("/overview")
    (row,) = answer.json()["contents"]
    assert row["organization"]["id"] == str(town.business)
    assert (row["sent"], row["waiting"], row["not_closed"]) == (2, 1, 2)
    assert row["by_status"] == {"requested": 1, "rejected": 1}
    assert row["decline_reasons"] == {"no_capacity": 1}
    assert row["oldest_waiting_since"] == waiting["sent_at"]
    listed = await coordinator.client.get("/overview/referrals?status=requested")
    assert [item["reference"] for item in listed.json()["contents"]] == [waiting["reference"]]
    assert len((await coordinator.client.get("/overview/referrals")).json()["contents"]) == 2, (
        "drafts are nobody's business"
    )
    both = answer.text + json.dumps(listed.json())
    assert all(secret not in both for secret in (*SECRETS, waiting["client"]["id"]))
    before = (await coordinator.client.get("/overview?to=2020-01-01")).json()
    assert before == {"first": "2019-01-02", "last": "2020-01-01", "contents": [], "total": 0}
    problem(await coordinator.client.get(f"/referrals/{waiting['id']}"), 404, "not-found")
    problem(await adviser.client.get("/overview"), 403, "forbidden")
