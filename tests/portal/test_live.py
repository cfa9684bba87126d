"""What windows are told while they are open: that something has changed, never what, and only the member's own."""

import json
from datetime import timedelta
from typing import Any

import httpx2

from services.portal.clients.event_stream import read_events
from shared.clock import utc_now
from tests.builders import small_town
from tests.platform import Platform
from tests.portal.signed_in import portal_client
from tests.referring import sent_referral


async def heard(browser: httpx2.AsyncClient, **headers: str) -> list[tuple[str, Any]]:
    """What a window is told that asks now; in this process streams end after what is there."""
    since = (utc_now() - timedelta(minutes=1)).isoformat()
    answer = await browser.get("/live", params={"since": since}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.headers["Cache-Control"] == "no-store"

    async def lines() -> Any:
        for line in answer.text.split("\n"):
            yield line

    return [event async for event in read_events(lines())]


async def test_a_window_is_told_what_changed_and_how_many_are_unseen(platform: Platform) -> None:
    town = await small_town(platform)
    async with portal_client(platform, town.desk) as desk:
        nothing = {"unseen": 0, "more": False, "changed": False, "referral": None}
        assert await heard(desk) == [("0", nothing)]
        referral = await sent_referral(platform, town)
        await platform.settle()
        # What came in between the page and its stream is told at once; later, what has come since the last event.
        assert await heard(desk) == [("1", nothing | {"unseen": 1, "changed": True})]
        again = await heard(desk, **{"Last-Event-ID": "0"})
        assert again[1] == ("1", nothing | {"unseen": 1, "changed": True, "referral": referral["id"]})
        assert set(again[1][1]) == {"unseen", "more", "changed", "referral"}
    async with portal_client(platform, town.bystander) as other:
        assert await heard(other) == [("0", nothing)]


async def test_a_session_ends_though_a_window_listens(platform: Platform) -> None:
    town = await small_town(platform)
    async with portal_client(platform, town.desk) as browser:
        for minutes in (20, 40, 59):
            platform.portal_clock.set(utc_now() + timedelta(minutes=minutes))
            await heard(browser)
            assert (await browser.get("/", headers={"Luotsi-Live": "1"})).status_code == 200
        platform.portal_clock.set(utc_now() + timedelta(minutes=61))
        ended = await browser.get("/live")
        # The browser asks no more; a page would be an error to it, again and again.
        assert (ended.status_code, ended.content, ended.headers.get("Location")) == (204, b"", None)


async def test_a_stranger_is_told_nothing(platform: Platform) -> None:
    async with portal_client(platform) as browser:
        assert (await browser.get("/live")).status_code == 204


async def test_a_window_that_is_used_keeps_its_session(platform: Platform) -> None:
    town = await small_town(platform)
    async with portal_client(platform, town.desk) as browser:
        platform.portal_clock.set(utc_now() + timedelta(minutes=59))
        await browser.get("/")
        platform.portal_clock.set(utc_now() + timedelta(minutes=61))
        assert (await browser.get("/live")).status_code == 200


async def test_events_are_read_whatever_way_they_are_written() -> None:
    async def lines() -> Any:
        for line in (": a comment", "", "id: 7", 'data: {"a":', "data: 1}", "", "id:8", f"data:{json.dumps('b')}", ""):
            yield line

    assert [event async for event in read_events(lines())] == [("7", {"a": 1}), ("8", "b")]
