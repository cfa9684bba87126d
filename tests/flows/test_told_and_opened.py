"""A timeline says who was told of what, and when they first looked at it."""

from typing import Any

from tests.builders import small_town
from tests.platform import Platform
from tests.referring import JSON, Desk, at_work, sent_referral


async def told(side: Desk, referral: JSON, event: str) -> list[JSON]:
    """Who was told of an event, by channel, as one side sees it."""
    items = (await side.client.get(f"/referrals/{referral['id']}/timeline")).json()["contents"]
    found: list[JSON] = [
        each for item in items if item["event_type"] == f"referral.{event}.v1" for each in item["told"]
    ]
    return found


async def settled(platform: Platform) -> None:
    """Notices are made, and the proof of them is back."""
    await platform.settle()
    await platform.settle()


async def test_what_was_told_is_opened_by_the_first_look(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    sent = await sent_referral(platform, town)
    await settled(platform)
    assert {each["opened_at"] for each in await told(adviser, sent, "sent")} == {None}
    read = await desk.read(sent["id"])
    assert {each["opened_at"] for each in await told(adviser, sent, "sent")} == {read["first_viewed_at"]}

    accepted = await desk.done("accept", read)
    done = await desk.done("complete", accepted, {"outcome": {"code": "enrolled"}})
    await settled(platform)
    assert {each["opened_at"] for each in await told(desk, done, "completed")} == {None}
    seen = await adviser.read(sent["id"])
    assert {each["opened_at"] for each in await told(desk, done, "completed")} == {seen["answer_seen_at"]}
    assert {each["opened_at"] for each in await told(desk, done, "accepted")} == {None}, "that look is not noted"


async def test_a_message_is_opened_when_the_other_side_has_read_it(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    sent = await sent_referral(platform, town)
    path = f"/referrals/{sent['id']}/messages"
    first, second = [(await adviser.client.post(path, json={"text": text})).json() for text in ("one", "two")]
    await settled(platform)
    assert {each["opened_at"] for each in await told(adviser, sent, "message_sent")} == {None}
    await desk.client.post(f"{path}/read", json={"up_to": first["id"]})
    shown = {each["id"]: each for each in (await adviser.client.get(path)).json()["contents"]}
    opened = {each["opened_at"] for each in await told(adviser, sent, "message_sent")}
    assert opened == {shown[first["id"]]["read_at"], None}
    assert shown[second["id"]]["read_at"] is None


async def test_members_are_named_to_their_own_side(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    sent = await sent_referral(platform, town)
    await settled(platform)

    def members(found: list[JSON], channel: str) -> set[Any]:
        return {each["member_id"] for each in found if each["channel"] == channel}

    assert members(await told(adviser, sent, "sent"), "inbox") == {None}
    assert members(await told(desk, sent, "sent"), "inbox") == {str(town.desk.id)}
