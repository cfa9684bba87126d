"""Handing over in one step: before an absence, all that one looks after goes to the deputy or a named colleague."""

from typing import Any

import httpx2

from shared.ids import new_id
from tests.builders import Someone, Town, small_town
from tests.flows.notifications_story import told
from tests.platform import Platform
from tests.referring import SECRETS, at_work, new_referral, problem, sent_referral

JSON = dict[str, Any]


async def hand_over(platform: Platform, who: Someone, to: Someone | None = None) -> httpx2.Response:
    return await at_work(platform, who).client.post("/handover", json={"to": str(to.id)} if to else {})


async def name_deputy(town: Town, who: Someone, deputy: Someone) -> None:
    await town.facts.member(who.email, who.organization_id, *who.roles, deputy=deputy, again=who)
    await town.facts.platform.settle()


async def test_what_would_be_handed_over_is_shown_before(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser).client
    problem(await adviser.get("/handover"), 422, "no-deputy")
    waiting = await sent_referral(platform, town)
    to = {"to": str(town.colleague.id)}
    before = await adviser.get("/handover", params=to)
    assert before.status_code == 200, before.text
    assert [one["reference"] for one in before.json()["contents"]] == [waiting["reference"]]
    assert (await adviser.get("/handover", params=to)).json() == before.json(), "nothing has moved by looking"
    problem(await adviser.get("/handover", params={"to": str(town.desk.id)}), 422, "unknown-member")
    problem(await at_work(platform, town.coordinator).client.get("/handover"), 403, "forbidden")
    handed = (await hand_over(platform, town.adviser, town.colleague)).json()
    assert [one["id"] for one in handed["contents"]] == [one["id"] for one in before.json()["contents"]]
    await name_deputy(town, town.adviser, town.colleague)
    assert (await adviser.get("/handover")).json() == {"to": str(town.colleague.id), "contents": []}


async def test_an_adviser_hands_over_to_the_deputy(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    await name_deputy(town, town.adviser, town.colleague)
    closed = await sent_referral(platform, town)
    await adviser.done("cancel", closed, {"reason": {"code": "client_not_interested"}})
    await adviser.done("close", await adviser.read(closed["id"]))
    waiting = await sent_referral(platform, town)
    draft = (await adviser.refer(new_referral(town, send=False))).json()
    another_s = (await at_work(platform, town.colleague).refer(new_referral(town))).json()
    await platform.settle()

    answer = await hand_over(platform, town.adviser)
    assert answer.status_code == 200, answer.text
    handed = answer.json()
    assert handed["to"] == str(town.colleague.id)
    listed = [(one["id"], one["reference"], one["side"], one["version"]) for one in handed["contents"]]
    assert listed == [
        (waiting["id"], waiting["reference"], "source", 3),
        (draft["id"], draft["reference"], "source", 2),
    ]
    colleague = at_work(platform, town.colleague)
    for referral in (waiting, draft, another_s):
        assert (await colleague.read(referral["id"]))["source_member_id"] == str(town.colleague.id)
    assert (await colleague.read(closed["id"]))["source_member_id"] == str(town.adviser.id)
    events = [event for event in await platform.published("referral") if event["type"] == "referral.handed_over.v1"]
    assert [event["actor"] for event in events] == [str(town.adviser.id)] * 2
    await platform.settle()
    assert (await told(platform, town.adviser, town.colleague)) == {
        town.adviser.email: [],
        town.colleague.email: ["handed_over"],  # a draft tells nobody
    }
    assert (await hand_over(platform, town.adviser)).json()["contents"] == [], "there is nothing left"
    assert all(secret not in answer.text for secret in SECRETS)


async def test_a_desk_member_hands_over_what_is_assigned(platform: Platform) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    second = await town.facts.member("second@businesskuopio.example", town.business, "recipient")
    await platform.settle()
    mine, nobody_s = [await sent_referral(platform, town) for _ in range(2)]
    given = await desk.done("assign", mine, {"member_id": str(town.desk.id)})
    handed = (await hand_over(platform, town.desk, second)).json()
    assert [(one["id"], one["side"]) for one in handed["contents"]] == [(mine["id"], "target")]
    seen = await desk.read(mine["id"])
    assert seen["assigned_member_id"] == str(second.id)
    assert seen["version"] > given["version"]
    assert (await desk.read(nobody_s["id"]))["assigned_member_id"] is None
    await platform.settle()
    heard = await told(platform, town.desk, second)
    assert "handed_over" in heard[second.email]
    assert "handed_over" not in heard[town.desk.email], "who did it knows it"
    timeline = (await desk.client.get(f"/referrals/{mine['id']}/timeline")).json()["contents"]
    (entry,) = [entry for entry in timeline if entry["event_type"] == "referral.handed_over.v1"]
    assert (entry["side"], entry["member_id"]) == ("target", str(town.desk.id))


async def test_one_who_is_adviser_and_recipient_hands_over_both_or_nothing(platform: Platform) -> None:
    town = await small_town(platform)
    both = await town.facts.member("both@kompassi.example", town.kompassi, "adviser", "recipient")
    advises = await town.facts.member("advises@kompassi.example", town.kompassi, "adviser")
    await platform.settle()
    received = await sent_referral(platform, town, service_id=str(town.guidance))
    worker = at_work(platform, both)
    await worker.done("assign", received, {"member_id": str(both.id)})
    made = (await worker.refer(new_referral(town))).json()

    before = await platform.published("referral")
    refused = problem(await hand_over(platform, both, advises), 422, "unfit-member")
    assert refused["errors"] == [{"field": "to", "message": "is no recipient"}]
    assert await platform.published("referral") == before, "nothing was handed over"

    handed = (await hand_over(platform, both, town.bystander)).json()["contents"]
    assert {(one["id"], one["side"]) for one in handed} == {(received["id"], "target"), (made["id"], "source")}
    heir = at_work(platform, town.bystander)
    assert (await heir.read(received["id"]))["assigned_member_id"] == str(town.bystander.id)
    assert (await heir.read(made["id"]))["source_member_id"] == str(town.bystander.id)


async def test_somebody_must_be_there_to_take_over(platform: Platform) -> None:
    town = await small_town(platform)
    await sent_referral(platform, town)
    problem(await hand_over(platform, town.adviser), 422, "no-deputy")
    problem(await hand_over(platform, town.adviser, town.bystander), 422, "unknown-member")
    problem(await hand_over(platform, town.adviser, town.adviser), 422, "unfit-member")
    await town.facts.deactivate(town.colleague)
    await platform.settle()
    problem(await hand_over(platform, town.adviser, town.colleague), 422, "unknown-member")
    await name_deputy(town, town.adviser, town.colleague)
    problem(await hand_over(platform, town.adviser), 422, "no-deputy")
    problem(await hand_over(platform, town.coordinator), 403, "forbidden")


async def test_a_deputy_who_has_left_is_stood_in_for(platform: Platform) -> None:
    town = await small_town(platform)
    third = await town.facts.member("third@navigaattori.example", town.navigaattori, "adviser")
    await town.facts.deactivate(town.colleague, deputy=third)
    await name_deputy(town, town.adviser, town.colleague)
    referral = await sent_referral(platform, town)
    handed = (await hand_over(platform, town.adviser)).json()
    assert (handed["to"], [one["id"] for one in handed["contents"]]) == (str(third.id), [referral["id"]])


async def test_a_deputy_who_is_not_known_yet_takes_nothing_over(platform: Platform) -> None:
    town = await small_town(platform)
    left = await town.facts.member("left@navigaattori.example", town.navigaattori, "adviser")
    unknown = Someone(new_id(), town.navigaattori, "new@navigaattori.example", ("adviser",))
    await town.facts.deactivate(left, deputy=unknown)
    await name_deputy(town, town.adviser, left)
    await sent_referral(platform, town)
    problem(await hand_over(platform, town.adviser), 422, "no-deputy")
