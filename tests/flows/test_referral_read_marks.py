"""Read marks: each side says what it has read, and sees what of its own was."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.builders import small_town
from tests.chains import WITHDRAWAL, organizations_in_a_row
from tests.moved_clock import wait_until
from tests.platform import Platform
from tests.referring import Desk, at_work, problem, sent_referral

JSON = dict[str, Any]


async def write(desk: Desk, referral: JSON, words: str) -> str:
    answer = await desk.client.post(f"/referrals/{referral['id']}/messages", json={"text": words})
    assert answer.status_code == 201, answer.text
    assert (answer.json()["read_at"], answer.json()["read_by"]) == (None, None)
    written: str = answer.json()["id"]
    return written


async def messages(desk: Desk, referral: JSON) -> JSON:
    page: JSON = (await desk.client.get(f"/referrals/{referral['id']}/messages")).json()
    return page


async def mark(desk: Desk, referral: JSON, up_to: str) -> int:
    answer = await desk.client.post(f"/referrals/{referral['id']}/messages/read", json={"up_to": up_to})
    assert answer.status_code == 200, answer.text
    unread: int = answer.json()["unread"]
    return unread


async def unread(desk: Desk, referral: JSON) -> list[int]:
    """The count as the view, the list of referrals and the list of messages give it."""
    (row,) = [row for row in (await desk.client.get("/referrals")).json()["contents"] if row["id"] == referral["id"]]
    view = await desk.read(referral["id"])
    return [view["unread_messages"], row["unread_messages"], (await messages(desk, referral))["unread"]]


async def test_each_side_marks_what_the_other_wrote(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    referral = await desk.read((await sent_referral(platform, town))["id"])
    first = await write(desk, referral, "Which mornings?")
    await write(desk, referral, "And which language?")
    assert await unread(adviser, referral) == [2, 2, 2], "looking at a list reads nothing"
    assert await unread(desk, referral) == [0, 0, 0], "one's own is not unread"

    assert await mark(adviser, referral, first) == 1
    answer = await write(adviser, referral, "Mondays, in Arabic")
    assert await mark(adviser, referral, answer) == 0, "up to a message of one's own"
    assert await unread(adviser, referral) == [0, 0, 0]
    assert await unread(desk, referral) == [1, 1, 1]

    seen_by_source = (await messages(adviser, referral))["contents"]
    seen_by_target = (await messages(desk, referral))["contents"]
    assert [message["read_at"] is not None for message in seen_by_source] == [False, True, True]
    reader = str(town.adviser.id)
    assert [message["read_by"] for message in seen_by_source] == [None, reader, reader]
    assert [message["read_by"] for message in seen_by_target] == [None, None, None], "the other side sees when, not who"
    times = [[message["read_at"] for message in seen] for seen in (seen_by_source, seen_by_target)]
    assert times[0] == times[1]


async def test_the_first_reading_of_a_side_counts(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, colleague = at_work(platform, town.adviser), at_work(platform, town.colleague)
    referral = await sent_referral(platform, town)
    message = await write(at_work(platform, town.desk), referral, "Which mornings?")
    await mark(colleague, referral, message)
    (before,) = (await messages(adviser, referral))["contents"]
    assert await mark(adviser, referral, message) == 0
    assert (await messages(adviser, referral))["contents"] == [before]
    assert before["read_by"] == str(town.colleague.id)


async def test_reading_raises_no_version_and_makes_no_event(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    referral = await desk.read((await sent_referral(platform, town))["id"])
    message = await write(desk, referral, "Which mornings?")
    before = await platform.published("referral")
    await mark(adviser, referral, message)
    assert await platform.published("referral") == before
    assert (await adviser.read(referral["id"]))["version"] == referral["version"]


async def test_what_may_not_be_read_any_more_is_neither_unread_nor_marked(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    referral = await desk.read((await sent_referral(platform, town))["id"])
    message = await write(adviser, referral, "Mondays, needs a ramp")
    assert await unread(desk, referral) == [1, 1, 1]
    await desk.done("decline", referral, {"reason": {"code": "no_capacity"}})
    assert await unread(desk, referral) == [0, 0, 0]
    assert await mark(desk, referral, message) == 0
    (unread_still,) = (await messages(adviser, referral))["contents"]
    assert unread_still["read_at"] is None, "nobody read it"


async def test_a_message_of_another_referral_is_unknown(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    referral, other = [await desk.read((await sent_referral(platform, town))["id"]) for _ in range(2)]
    elsewhere = await write(desk, other, "Which mornings?")
    path = f"/referrals/{referral['id']}/messages/read"
    for up_to in (elsewhere, str(uuid4())):
        problem(await adviser.client.post(path, json={"up_to": up_to}), 422, "unknown-message")
    problem(await adviser.client.post(path, json={}), 422, "invalid")
    problem(await at_work(platform, town.bystander).client.post(path, json={"up_to": elsewhere}), 404, "not-found")
    assert await unread(adviser, other) == [1, 1, 1]


async def withheld(platform: Platform) -> list[list[object]]:
    """Of each message, in their order: which side wrote it, and whether lists of what is unread leave it out."""
    async with platform.databases["referral"].transaction() as tx:
        found = await tx.execute(text("SELECT side, withheld FROM messages ORDER BY id"))
        return [list(row) for row in found]


@pytest.mark.parametrize("command", ["decline", "cancel", "withdraw-consent", "mark-error", "expire", "accept"])
async def test_lists_of_the_unread_pass_over_what_nobody_may_read_any_more(platform: Platform, command: str) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    referral = await desk.read((await sent_referral(platform, town))["id"])
    await mark(desk, referral, await write(adviser, referral, "Mondays"))
    await write(adviser, referral, "needs a ramp")
    await write(desk, referral, "Which mornings?")
    assert [row[1] for row in await withheld(platform)] == [False] * 3
    if command == "expire":
        await wait_until(platform, "2031-01-02 10:00")
    else:
        who = desk if command in ("decline", "accept") else adviser
        body = {"reason": {"code": "other", "text": "wrong"}} if command != "withdraw-consent" else WITHDRAWAL
        await who.done(command, await who.read(referral["id"]), body if command != "accept" else {})
    ended = command != "accept"
    assert await withheld(platform) == [["source", False], ["source", ended], ["target", False]]


async def test_what_is_written_to_who_may_not_read_it_is_passed_over_too(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    referral = await desk.read((await sent_referral(platform, town))["id"])
    await desk.done("decline", referral, {"reason": {"code": "no_capacity"}})
    await write(adviser, referral, "A pity")
    await write(desk, referral, "Try again in spring")
    assert await withheld(platform) == [["source", True], ["target", False]]
    shown = (await adviser.client.get("/referrals?unread_messages=true")).json()["contents"]
    assert [row["id"] for row in shown] == [referral["id"]]


@pytest.mark.parametrize("command", ["mark-error", "withdraw-consent", "cancel"])
async def test_messages_from_below_one_that_has_ended_are_passed_over(platform: Platform, command: str) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    await write(row.at(1), second, "needs a ramp")
    await write(row.at(2), second, "Which mornings?")
    body = WITHDRAWAL if command == "withdraw-consent" else {"reason": {"code": "other", "text": "wrong"}}
    await row.at(0).done(command, await row.at(0).read(first["id"]), body)
    # A referral that is cancelled for another reason leaves what was passed on from it as it is.
    assert await withheld(platform) == [["source", command != "cancel"], ["target", True]]
