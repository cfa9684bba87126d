"""Withdrawing a consent: what rests on it, who has seen the client by it, and the end of what was passed on."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from tests.builders import small_town
from tests.chains import STATUTE, WITHDRAWAL, organizations_in_a_row
from tests.flows.notifications_story import told
from tests.platform import Platform
from tests.referring import SECRETS, at_work, problem, sent_referral


async def test_what_rests_on_a_consent_is_shown_before_it_is_withdrawn(platform: Platform) -> None:
    row = await organizations_in_a_row(platform, 5)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    third = await row.pass_on(second, 2, legal_basis=STATUTE)
    fourth = await row.pass_on(third, 3)
    declined = await row.at(4).done("decline", await row.at(4).read(fourth["id"]), {"reason": {"code": "no_capacity"}})
    answer = await row.at(0).client.get(f"/referrals/{first['id']}/withdrawal")
    assert answer.status_code == 200, answer.text
    preview = answer.json()
    assert preview["possible"] is True
    assert [(each["reference"], each["status"], each["ends_with_withdrawal"]) for each in preview["rests"]] == [
        (first["reference"], "accepted", True),
        (second["reference"], "accepted", True),
        (declined["reference"], "rejected", False),
    ], "what rests on a statute is not in it, what has ended does not end again"
    assert preview["rests"][1]["target_organization"]["name"]["en"] == "further 2 (en)"
    assert preview["rests"][1]["service"]["name"]["en"] == "help 2 (en)"
    for secret in SECRETS:
        assert secret not in answer.text


async def test_who_has_seen_the_client_by_a_consent_is_shown(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    path = f"/referrals/{first['id']}"
    colleague = at_work(platform, row.town.colleague)
    await colleague.read(first["id"])
    await row.at(0).read(first["id"])
    await row.at(0).client.post(f"{path}/messages", json={"text": "needs a ramp"})
    second = await row.pass_on(first, 1)
    await row.at(1).client.get(f"{path}/messages")
    await row.at(1).client.get(f"{path}/messages")
    await row.at(2).done("accept", await row.at(2).read(second["id"]))
    other = await sent_referral(platform, row.town, client=..., client_id=first["client"]["id"])

    seen = (await row.at(0).client.get(f"{path}/withdrawal")).json()["seen_by"]
    found = [
        (each["reference"], each["organization"]["name"]["en"], each["what"], each["occasion"], each["members"])
        for each in seen
    ]
    assert found == [
        (first["reference"], "navigaattori (en)", "client", "create", 1),
        (first["reference"], "navigaattori (en)", "client", "read", 2),
        (first["reference"], "business kuopio (en)", "client", "accept", 1),
        (second["reference"], "business kuopio (en)", "client", "forward", 1),
        (first["reference"], "business kuopio (en)", "messages", "messages", 1),
        (second["reference"], "further 2 (en)", "client", "accept", 1),
        (first["reference"], "navigaattori (en)", "reference", "duplicates", 1),
    ]
    assert other["reference"] not in str(seen), "another referral of the client rests on a consent of its own"
    advisers = sorted([str(row.town.adviser.id), str(row.town.colleague.id)])
    assert sorted(seen[1]["member_ids"]) == advisers, "of one's own organisation also who"
    assert [each["member_ids"] is None for each in seen] == [False, False, True, True, True, True, False]
    read_messages = seen[4]
    assert read_messages["times"] == 2
    assert read_messages["first_at"] < read_messages["last_at"]


async def test_the_middle_is_shown_its_part_of_what_rests_on_a_consent(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    third = await row.pass_on(second, 2)
    preview = (await row.at(1).client.get(f"/referrals/{second['id']}/withdrawal")).json()
    assert [each["reference"] for each in preview["rests"]] == [second["reference"], third["reference"]]
    assert preview["rests"][0]["parent_id"] is None
    assert first["reference"] not in str(preview)
    assert {each["organization"]["name"]["en"] for each in preview["seen_by"]} == {
        "business kuopio (en)",
        "further 2 (en)",
    }


async def test_who_may_ask_what_rests_on_a_consent(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    referral = await sent_referral(platform, town)
    path = f"/referrals/{referral['id']}/withdrawal"
    problem(await desk.client.get(path), 403, "forbidden")
    problem(await at_work(platform, town.bystander).client.get(path), 404, "not-found")
    await adviser.done("cancel", referral, {"reason": {"code": "client_not_interested"}})
    ended = (await adviser.client.get(path)).json()
    assert (ended["possible"], [each["ends_with_withdrawal"] for each in ended["rests"]]) == (False, [False])
    by_law = await sent_referral(platform, town, legal_basis=STATUTE)
    problem(await adviser.client.get(f"/referrals/{by_law['id']}/withdrawal"), 409, "no-consent")


async def test_withdrawing_ends_all_that_was_passed_on_by_consent(platform: Platform) -> None:
    row = await organizations_in_a_row(platform, 5)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    third = await row.pass_on(second, 2, legal_basis=STATUTE)
    fourth = await row.pass_on(third, 3)
    await row.at(4).done("accept", await row.at(4).read(fourth["id"]))
    await platform.settle()
    before = len(await platform.published("referral"))

    withdrawn = await row.at(0).done("withdraw-consent", await row.at(0).read(first["id"]), WITHDRAWAL)
    assert [(link["status"], link["reason_code"]) for link in withdrawn["chain"]] == [
        ("cancelled", "consent_withdrawn"),
        ("cancelled", "consent_withdrawn"),
        ("accepted", None),  # by a statute
        ("cancelled", "consent_withdrawn"),
    ]
    events = (await platform.published("referral"))[before:]
    assert [(event["type"], event["subject"], event["data"]["by_side"]) for event in events] == [
        ("referral.consent_withdrawn.v1", first["id"], "source"),
        ("referral.consent_withdrawn.v1", second["id"], None),
        ("referral.consent_withdrawn.v1", fourth["id"], None),
    ], "each with an event of its own, the parent first"
    seen = await row.at(2).read(second["id"])
    assert (seen["status"], seen["client"], seen["reason"]) == ("cancelled", None, None)
    assert seen["withdrawal"] == WITHDRAWAL["withdrawal"]
    assert seen["status_reason"] == {"code": "consent_withdrawn", "text": None}
    assert (await row.at(4).read(fourth["id"]))["client"] is None
    timeline = (await row.at(4).client.get(f"/referrals/{fourth['id']}/timeline")).json()["contents"]
    assert timeline[-1]["event_type"] == "referral.consent_withdrawn.v1"

    await platform.settle()
    heard = await told(platform, *row.people)
    assert heard[row.people[1].email][-2:] == ["consent_withdrawn", "consent_withdrawn"], "its own, and the child"
    assert heard[row.people[2].email][-1] == "consent_withdrawn"
    assert heard[row.people[3].email][-1] == "consent_withdrawn", "who passed it on by a statute hears of the end too"
    assert heard[row.people[4].email] == ["sent", "consent_withdrawn"]


async def test_the_middle_may_withdraw_its_part_alone(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    third = await row.pass_on(second, 2)
    await row.at(1).done("withdraw-consent", await row.at(1).read(second["id"]), WITHDRAWAL)
    chain = (await row.at(0).read(first["id"]))["chain"]
    assert [link["status"] for link in chain] == ["accepted", "cancelled", "cancelled"]
    assert (await row.at(3).read(third["id"]))["status"] == "cancelled"
    await platform.settle()
    heard = await told(platform, row.people[0])
    assert heard[row.people[0].email][-3:-1] == ["consent_withdrawn", "consent_withdrawn"]


async def test_what_has_ended_before_the_withdrawal_stays_as_it_is(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    third = await row.pass_on(second, 2)
    fail = {"reason": {"code": "could_not_contact"}}
    await row.at(2).done("fail", await row.at(2).read(second["id"]), fail)
    withdrawn = await row.at(0).done("withdraw-consent", await row.at(0).read(first["id"]), WITHDRAWAL)
    assert [(link["status"], link["reason_code"]) for link in withdrawn["chain"]] == [
        ("cancelled", "consent_withdrawn"),
        ("failed", "could_not_contact"),
        ("cancelled", "consent_withdrawn"),
    ]
    assert (await row.at(3).read(third["id"]))["client"] is None


async def test_the_clocks_of_what_a_withdrawal_ends_stop(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    timers = "SELECT count(*) FROM timers WHERE referral_id = :id"
    assert await platform.scalar("referral", timers, id=second["id"]) > 0
    await row.at(0).done("withdraw-consent", await row.at(0).read(first["id"]), WITHDRAWAL)
    assert await platform.scalar("referral", timers, id=second["id"]) == 0


async def at_once(*requests: Awaitable[Any]) -> list[int]:
    """The statuses that requests get which are made at the same time."""
    return [answer.status_code for answer in await asyncio.gather(*requests)]


@pytest.mark.parametrize("attempt", range(4))
async def test_a_child_accepted_while_the_consent_is_withdrawn_does_not_survive(
    platform: Platform, attempt: int
) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    child = await row.pass_on(first, 1)
    as_seen = await row.at(2).read(child["id"])
    withdraw = row.at(0).give("withdraw-consent", await row.at(0).read(first["id"]), WITHDRAWAL)
    accept = row.at(2).give("accept", as_seen)
    statuses = await at_once(*((withdraw, accept) if attempt % 2 else (accept, withdraw)))
    assert sorted(statuses) in ([200, 200], [200, 412])
    seen = await row.at(2).read(child["id"])
    assert (seen["status"], seen["client"]) == ("cancelled", None)


@pytest.mark.parametrize("attempt", range(4))
@pytest.mark.parametrize("end", ["cancel", "withdraw-consent"])
async def test_nothing_is_passed_on_from_what_is_ended_at_the_same_time(
    platform: Platform, end: str, attempt: int
) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    accepted = await row.at(1).done("accept", await row.at(1).read(first["id"]))
    body = WITHDRAWAL if end == "withdraw-consent" else {"reason": {"code": "client_not_interested"}}
    # Whoever ends it wants to, whatever has happened since.
    path = f"/referrals/{first['id']}/{end}"
    ended = row.at(0).client.post(path, json=body, headers={"If-Match": "*"})
    passed_on = row.at(1).give("forward", accepted, row.forward(2))
    statuses = await at_once(*((ended, passed_on) if attempt % 2 else (passed_on, ended)))
    assert sorted(statuses) in ([200, 201], [200, 412])
    open_children = "SELECT count(*) FROM referrals WHERE parent_id IS NOT NULL AND status <> 'cancelled'"
    if end == "withdraw-consent":
        assert await platform.scalar("referral", open_children) == 0
    elif 412 in statuses:
        assert await platform.scalar("referral", open_children) == 0, "what was ended first is passed on no more"


@pytest.mark.parametrize("attempt", range(4))
async def test_a_grandchild_made_while_the_consent_is_withdrawn_does_not_survive(
    platform: Platform, attempt: int
) -> None:
    row = await organizations_in_a_row(platform, 5)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    accepted = await row.at(2).done("accept", await row.at(2).read(second["id"]))
    withdraw = row.at(0).give("withdraw-consent", await row.at(0).read(first["id"]), WITHDRAWAL)
    passed_on = [row.at(2).give("forward", accepted, row.forward(to)) for to in (3, 4)]
    statuses = await at_once(*((withdraw, *passed_on) if attempt % 2 else (*passed_on, withdraw)))
    assert statuses.count(200) == 1, "the withdrawal succeeds, whatever happens below it"
    assert statuses.count(201) <= 1
    still_open = "SELECT count(*) FROM referrals WHERE status <> 'cancelled'"
    assert await platform.scalar("referral", still_open) == 0


@pytest.mark.parametrize("attempt", range(2))
async def test_withdrawals_at_two_places_of_a_chain_do_not_hinder_each_other(platform: Platform, attempt: int) -> None:
    row = await organizations_in_a_row(platform, 5)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    third = await row.pass_on(second, 2)
    await row.pass_on(third, 3)
    everywhere = [
        row.at(place).give("withdraw-consent", await row.at(place).read(referral["id"]), WITHDRAWAL)
        for place, referral in ((0, first), (1, second), (2, third))
    ]
    statuses = await at_once(*(everywhere if attempt % 2 else everywhere[::-1]))
    assert set(statuses) <= {200, 412}
    still_open = "SELECT count(*) FROM referrals WHERE status <> 'cancelled'"
    assert await platform.scalar("referral", still_open) == 0
    versions = "SELECT count(*) FROM (SELECT referral_id, version FROM timeline GROUP BY 1, 2 HAVING count(*) > 1) AS d"
    assert await platform.scalar("referral", versions) == 0
