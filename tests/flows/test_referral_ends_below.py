"""An error, or a withdrawn consent, reaches what was passed on, whatever became of the referral above and below."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from sqlalchemy import text

from tests.chains import STATUTE, WITHDRAWAL, Row, organizations_in_a_row
from tests.flows.notifications_story import told
from tests.platform import Platform
from tests.referring import JSON, SECRETS, problem

WRONG_PERSON: JSON = {"reason": {"code": "other", "text": "Esimerkki was the wrong person"}}
REASON: JSON = {"reason": {"code": "could_not_contact"}}
BODIES: dict[str, JSON] = {
    "decline": {"reason": {"code": "no_capacity"}},
    "hold": REASON,
    "fail": REASON,
    "cancel": REASON,
    "complete": {"outcome": {"code": "enrolled"}},
}
STATES = {
    "requested": (),
    "accepted": ("accept",),
    "in-progress": ("accept", "start"),
    "on-hold": ("accept", "hold"),
    "rejected": ("decline",),
    "completed": ("accept", "complete"),
    "failed": ("accept", "fail"),
    "cancelled": ("cancel",),
}
"""State of what was passed on → the target's commands that lead there."""


async def brought_to(row: Row, place: int, referral: JSON, status: str) -> None:
    """Let the organisation at `place` bring a referral that it was sent to a status."""
    for command in STATES[status]:
        await row.at(place).done(command, await row.at(place).read(referral["id"]), BODIES.get(command))
    assert (await row.at(place).read(referral["id"]))["status"] == status


async def mark(row: Row, referral: JSON, place: int = 0) -> JSON:
    """The source marks a referral as made in error."""
    return await row.at(place).done("mark-error", await row.at(place).read(referral["id"]), WRONG_PERSON)


@pytest.mark.parametrize("status", list(STATES))
async def test_an_error_reaches_what_was_passed_on_whatever_became_of_it(platform: Platform, status: str) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1, legal_basis=STATUTE)
    await row.at(2).client.post(f"/referrals/{second['id']}/messages", json={"text": "needs a ramp"})
    await row.at(1).client.post(f"/referrals/{second['id']}/messages", json={"text": "needs a ramp"})
    await brought_to(row, 2, second, status)
    before = len(await platform.published("referral"))

    marked = await mark(row, first)
    assert [link["status"] for link in marked["chain"]] == ["entered-in-error", "entered-in-error"]
    for place, side in ((1, "source"), (2, "target")):
        seen = await row.at(place).read(second["id"])
        assert (seen["status"], seen["client"], seen["reason"]) == ("entered-in-error", None, None), side
        assert seen["status_reason"] == {"code": "other", "text": None}, "the words are about the client"
        assert seen["commands"] == []
        messages = (await row.at(place).client.get(f"/referrals/{second['id']}/messages")).json()["contents"]
        read = {message["side"]: message["text"] for message in messages}
        assert read.pop(side) is not None, "one's own"
        assert set(read.values()) == {None}
        fhir = (await row.at(place).client.get(f"/referrals/{second['id']}/fhir")).text
        assert first["client"]["id"] not in fhir
        assert not any(secret in fhir + str(seen) for secret in SECRETS)
    events = (await platform.published("referral"))[before:]
    assert [(event["type"], event["subject"], event["data"]["by_side"]) for event in events] == [
        ("referral.marked_in_error.v1", first["id"], "source"),
        ("referral.marked_in_error.v1", second["id"], None),
    ]
    assert (
        await platform.scalar("referral", "SELECT count(*) FROM timers WHERE referral_id = :id", id=second["id"]) == 0
    )


async def test_an_error_reaches_the_whole_chain_and_every_desk_is_told(platform: Platform) -> None:
    row = await organizations_in_a_row(platform, 6)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    third = await row.pass_on(second, 2, legal_basis=STATUTE)
    beside = await row.at(2).give("forward", await row.at(2).read(second["id"]), row.forward(4))
    fourth = await row.pass_on(third, 3, to=5)
    await brought_to(row, 5, fourth, "completed")
    await mark(row, first)
    for place, referral in ((2, second), (3, third), (4, beside.json()), (5, fourth)):
        seen = await row.at(place).read(referral["id"])
        assert (seen["status"], seen["client"]) == ("entered-in-error", None)
    await platform.settle()
    heard = await told(platform, *row.people)
    told_of = [heard[row.people[place].email].count("marked_in_error") for place in range(1, 6)]
    assert told_of == [2, 3, 2, 1, 1], "of what came in, and of what went out"
    timeline = (await row.at(5).client.get(f"/referrals/{fourth['id']}/timeline")).json()["contents"]
    assert (timeline[-1]["event_type"], timeline[-1]["side"]) == ("referral.marked_in_error.v1", None)
    assert {entry["side"] for entry in timeline[-1]["told"]} == {"source", "target"}


async def test_an_error_of_the_middle_reaches_down_and_not_up(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    third = await row.pass_on(second, 2)
    await mark(row, second, place=1)
    chain = (await row.at(0).read(first["id"]))["chain"]
    assert [link["status"] for link in chain] == ["accepted", "entered-in-error", "entered-in-error"]
    assert (await row.at(3).read(third["id"]))["client"] is None


async def test_an_error_reaches_below_a_referral_that_had_ended(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    third = await row.pass_on(second, 2)
    await brought_to(row, 3, third, "accepted")
    for place, referral in ((2, second), (1, first)):
        await row.at(place).done("complete", await row.at(place).read(referral["id"]), BODIES["complete"])
    await mark(row, first)
    assert (await row.at(3).read(third["id"]))["client"] is None


async def test_what_was_passed_on_from_an_older_error_is_marked_when_a_worker_starts(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    third = await row.pass_on(second, 2)
    await brought_to(row, 3, third, "completed")
    async with platform.databases["referral"].transaction() as tx:
        alone = "UPDATE referrals SET status = 'entered-in-error' WHERE id = :id"
        await tx.execute(text(alone), {"id": first["id"]})
    assert (await row.at(3).read(third["id"]))["client"] is not None, "as an older version left it"
    await platform.deadline_scheduler().adopt()
    for place, referral in ((2, second), (3, third)):
        seen = await row.at(place).read(referral["id"])
        assert (seen["status"], seen["client"]) == ("entered-in-error", None)
    await platform.settle()
    assert (await told(platform, row.people[3]))[row.people[3].email][-1] == "marked_in_error"


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
async def test_a_consent_is_withdrawn_after_the_end_while_what_was_passed_on_is_open(
    platform: Platform, status: str
) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1, legal_basis=STATUTE)
    third = await row.pass_on(second, 2)
    await brought_to(row, 3, third, "accepted")
    command = STATES[status][-1]
    await row.at(1).done(command, await row.at(1).read(first["id"]), BODIES[command])
    ended = await row.at(0).read(first["id"])
    assert "withdraw-consent" in ended["commands"]
    preview = (await row.at(0).client.get(f"/referrals/{first['id']}/withdrawal")).json()
    assert preview["possible"] is True
    assert [(each["reference"], each["ends_with_withdrawal"]) for each in preview["rests"]] == [
        (first["reference"], False),
        (third["reference"], True),
    ]

    withdrawn = await row.at(0).done("withdraw-consent", ended, WITHDRAWAL)
    assert (withdrawn["status"], withdrawn["withdrawal"]) == (status, WITHDRAWAL["withdrawal"])
    assert (withdrawn["status_reason"], withdrawn["outcome"]) == (ended["status_reason"], ended["outcome"])
    assert "withdraw-consent" not in withdrawn["commands"]
    last = await row.at(3).read(third["id"])
    assert (last["status"], last["client"], last["withdrawal"]) == ("cancelled", None, WITHDRAWAL["withdrawal"])
    assert (await row.at(2).read(second["id"]))["status"] == "accepted", "by a statute"
    problem(await row.at(0).give("withdraw-consent", withdrawn, WITHDRAWAL), 409, "illegal-command")
    await platform.settle()
    heard = await told(platform, *row.people)
    for place in (1, 2, 3):
        assert heard[row.people[place].email][-1] == "consent_withdrawn", place


async def test_the_middle_withdraws_after_the_end_of_its_own_referral(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    third = await row.pass_on(second, 2)
    await brought_to(row, 3, third, "accepted")
    await row.at(2).done("complete", await row.at(2).read(second["id"]), BODIES["complete"])
    await row.at(1).done("withdraw-consent", await row.at(1).read(second["id"]), WITHDRAWAL)
    assert (await row.at(3).read(third["id"]))["client"] is None


async def test_nothing_is_withdrawn_after_the_end_where_nothing_is_open(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1, legal_basis=STATUTE)
    await row.at(1).done("complete", await row.at(1).read(first["id"]), BODIES["complete"])
    ended = await row.at(0).read(first["id"])
    assert "withdraw-consent" not in ended["commands"]
    problem(await row.at(0).give("withdraw-consent", ended, WITHDRAWAL), 409, "illegal-command")
    assert (await row.at(2).read(second["id"]))["status"] == "requested"


async def test_a_request_that_is_repeated_after_an_error_above_shows_nobody_again(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    desk = row.at(1)
    accepted = await desk.done("accept", await desk.read((await row.begin())["id"]))
    headers = {"If-Match": f'"{accepted["version"]}"', "Idempotency-Key": "passed-on-once"}
    path = f"/referrals/{accepted['id']}/forward"
    first = await desk.client.post(path, json=row.forward(2), headers=headers)
    assert first.status_code == 201, first.text
    assert (await desk.client.post(path, json=row.forward(2), headers=headers)).json() == first.json()
    await mark(row, accepted)
    again = await desk.client.post(path, json=row.forward(2), headers=headers)
    problem(again, 409, "conflict")
    assert not any(secret in again.text for secret in SECRETS)
    assert await platform.scalar("referral", "SELECT count(*) FROM referrals") == 2


async def declined_child(row: Row, better: int = 3) -> tuple[JSON, JSON]:
    """A referral, and one passed on from it that its desk declined with the suggestion to ask another."""
    first = await row.begin(urgency="urgent")
    second = await row.pass_on(first, 1, reason="needs a course first", shareable_note="evenings")
    decline = {"reason": {"code": "not_eligible"}, "suggested_service_id": str(row.services[better])}
    await row.at(2).done("decline", await row.at(2).read(second["id"]), decline)
    return first, await row.at(1).read(second["id"])


async def test_the_suggestion_for_what_was_passed_on_is_followed_in_one_step(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first, declined = await declined_child(row)
    answer = await row.at(1).give("send-suggested", declined, {"legal_basis": STATUTE})
    assert answer.status_code == 201, answer.text
    third = answer.json()
    assert answer.headers["Location"] == f"/referrals/{third['id']}"
    assert (third["status"], third["service"]["id"]) == ("requested", str(row.services[3]))
    assert (third["reason"], third["shareable_note"], third["urgency"]) == (
        "needs a course first",
        "evenings",
        "urgent",
    )
    assert third["legal_basis"]["kind"] == "statute"
    assert third["follows"]["id"] == declined["id"]
    before = await row.at(1).read(declined["id"])
    assert before["closed_at"] is not None
    assert before["followed_by"]["id"] == third["id"]
    chain = (await row.at(0).read(first["id"]))["chain"]
    assert [(link["parent_id"], link["status"]) for link in chain] == [
        (None, "accepted"),
        (first["id"], "rejected"),
        (first["id"], "requested"),
    ]
    seen = await row.at(3).read(third["id"])
    assert (seen["follows"], seen["chain"]) == (None, None)
    problem(await row.at(1).give("send-suggested", declined, {"legal_basis": STATUTE}), 412, "stale-version")
    problem(await row.at(1).give("send-suggested", before, {"legal_basis": STATUTE}), 409, "already-followed")
    await platform.settle()
    assert (await told(platform, row.people[3]))[row.people[3].email] == ["sent"]


async def test_a_suggestion_is_followed_as_long_as_the_referral_above_can_be_passed_on(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first, declined = await declined_child(row)
    held = await row.at(1).done("hold", await row.at(1).read(first["id"]), REASON)
    problem(await row.at(1).give("send-suggested", declined, {"legal_basis": STATUTE}), 409, "illegal-command")
    assert (await row.at(1).read(declined["id"]))["closed_at"] is None, "nothing was done"
    await row.at(1).done("resume", held)
    assert (await row.at(1).give("send-suggested", declined, {"legal_basis": STATUTE})).status_code == 201


async def test_a_suggestion_to_ask_somebody_above_is_not_followed(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    _, declined = await declined_child(row, better=0)
    problem(await row.at(1).give("send-suggested", declined, {"legal_basis": STATUTE}), 422, "chain-cycle")
    assert await row.at(1).read(declined["id"]) == declined, "nothing was done"


async def at_once(*requests: Awaitable[Any]) -> list[int]:
    """The statuses that requests get which are made at the same time."""
    return [answer.status_code for answer in await asyncio.gather(*requests)]


@pytest.mark.parametrize("attempt", range(6))
async def test_commands_above_and_below_at_once_wait_for_each_other_and_never_in_a_circle(
    platform: Platform, attempt: int
) -> None:
    row = await organizations_in_a_row(platform, 5)
    first, declined = await declined_child(row, better=3)
    second = (await row.at(1).give("forward", await row.at(1).read(first["id"]), row.forward(4))).json()
    await brought_to(row, 4, second, "accepted")
    anyhow = {"If-Match": "*"}

    def command(who: int, referral: JSON, name: str, body: JSON) -> Awaitable[Any]:
        return row.at(who).client.post(f"/referrals/{referral['id']}/{name}", json=body, headers=anyhow)

    requests = [
        command(0, first, "mark-error", WRONG_PERSON),
        command(1, declined, "send-suggested", {"legal_basis": STATUTE}),
        command(1, second, "withdraw-consent", WITHDRAWAL),
        command(4, second, "complete", BODIES["complete"]),
        command(1, declined, "mark-error", WRONG_PERSON),
        command(1, first, "forward", row.forward(2)),
    ]
    statuses = await at_once(*(requests[attempt:] + requests[:attempt]))
    assert set(statuses) <= {200, 201, 409}, "no deadlock, which would be a 5xx"
    left = "SELECT string_agg(concat_ws(' ', id, parent_id, status, reason_code), '; ' ORDER BY id) FROM referrals"
    told = await platform.scalar("referral", f"{left} WHERE status <> 'entered-in-error'")
    assert told is None, (statuses, told)
    raising = "t.referral_id = r.id AND t.event_type <> 'referral.followed.v1'"  # which raises no version
    versions = f"ARRAY(SELECT t.version::bigint FROM timeline AS t WHERE {raising} ORDER BY 1)"
    odd = f"SELECT count(*) FROM referrals AS r WHERE {versions} <> ARRAY(SELECT generate_series(1, r.version::bigint))"
    assert await platform.scalar("referral", odd) == 0, "no version is given twice, and none is left out"
