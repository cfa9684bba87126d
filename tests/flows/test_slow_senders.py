"""Requests that are never sent to their end hold up nobody: neither by connections of the database nor by locks."""

import asyncio
import json
from pathlib import Path
from uuid import uuid4

import pytest

from shared.services import apis
from tests.builders import small_town
from tests.flows.catalog_kuopio import kuopio
from tests.platform import Platform
from tests.referring import new_referral
from tests.web_process import web_process

UNFINISHED = ["POST /referrals", f"POST /referrals/{uuid4()}/accept", f"PATCH /referrals/{uuid4()}"]


@pytest.mark.parametrize("many", [20, 200])
@pytest.mark.parametrize("known", [True, False], ids=["of-a-member", "of-a-stranger"])
async def test_bodies_that_never_end_stop_nobody(platform: Platform, tmp_path: Path, many: int, known: bool) -> None:
    town = await small_town(platform)
    with web_process(platform, "referral", tmp_path / "log") as web:
        sender = town.colleague if known else None
        hanging = [await web.unfinished(UNFINISHED[n % len(UNFINISHED)], sender) for n in range(many)]
        async with web.client(town.adviser) as adviser:
            for _ in range(5):
                key = {"Idempotency-Key": str(uuid4())}
                assert (await adviser.post("/referrals", json=new_referral(town), headers=key)).status_code == 201
            seen = await asyncio.gather(*(adviser.get("/referrals") for _ in range(10)))
        assert [answer.status_code for answer in seen] == [200] * 10
        for one in hanging:
            await one.give_up()


@pytest.mark.parametrize("service", apis())
async def test_no_route_holds_anything_while_it_waits_for_a_body(
    platform: Platform, tmp_path: Path, service: str
) -> None:
    town = await small_town(platform)
    kuopio_admin = (await kuopio(platform)).people["admin@luotsi.example"]
    sender = kuopio_admin if service == "catalog" else town.adviser
    with web_process(platform, service, tmp_path / "log") as web:
        async with web.client(sender) as client:
            paths = (await client.get("/openapi.json")).json()["paths"]
            writing = [  # what is not there is refused before its body is asked for
                f"{method.upper()} {path}"
                for path, operations in paths.items()
                for method in operations
                if method in ("post", "put", "patch", "delete") and "{" not in path
            ]
            assert writing
            hanging = [await web.unfinished(writing[n % len(writing)], sender) for n in range(60)]
            for path in ("/metrics", {"catalog": "/members", "referral": "/referrals"}.get(service, "/notices")):
                assert (await client.get(path)).status_code == 200
        for one in hanging:
            await one.give_up()


async def test_who_is_to_leave_cannot_put_it_off_by_a_change_that_never_ends(
    platform: Platform, tmp_path: Path
) -> None:
    town = await kuopio(platform)
    rogue = town.people[await town.enter_admin("navigaattori")]
    admin = town.people["admin@luotsi.example"]
    with web_process(platform, "catalog", tmp_path / "log") as web:
        changes = ["PATCH /members/{}", "PATCH /organizations/{}", "PUT /organizations/{}/closures"]
        ids = [rogue.id, rogue.organization_id, rogue.organization_id]
        hanging = [await web.unfinished(change.format(key), rogue) for change, key in zip(changes, ids, strict=True)]
        async with web.client(admin) as client:
            for path in (f"/members/{rogue.id}", f"/organizations/{rogue.organization_id}"):
                version = {"If-Match": (await client.get(path)).headers["ETag"]}
                assert (await client.patch(path, json={"active": False}, headers=version)).status_code == 200
        for one in hanging:
            await one.give_up()


@pytest.mark.parametrize("trickling", [False, True], ids=["silent", "trickling"])
async def test_a_body_that_takes_too_long_is_refused(platform: Platform, tmp_path: Path, trickling: bool) -> None:
    town = await small_town(platform)
    with web_process(platform, "referral", tmp_path / "log", BODY_SECONDS="1") as web:
        member = await web.unfinished("POST /referrals", town.adviser, length=60_000)
        wrong = await web.unfinished("POST /referrals", town.desk, length=60_000)
        stranger = await web.unfinished("POST /referrals", length=60_000)
        sending = [asyncio.ensure_future(one.trickle()) for one in (member, wrong, stranger) if trickling]
        answers = [await one.answer() for one in (member, wrong, stranger)]
        await asyncio.gather(*sending)
    # Who may not do it is told so first, as with any other fault of a body.
    assert [answer.split()[1] for answer in answers] == [b"408", b"403", b"401"]
    head, _, body = answers[0].partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    assert json.loads(body)["type"] == "urn:luotsi:problem:too-slow"


async def test_a_body_that_is_too_large_is_not_waited_for(platform: Platform, tmp_path: Path) -> None:
    town = await small_town(platform)
    with web_process(platform, "referral", tmp_path / "log") as web:
        said = await web.unfinished("POST /referrals", town.adviser, length=2_000_000_000)
        answer = await said.answer()
    assert answer.split()[1] == b"413"
    assert b"urn:luotsi:problem:too-large" in answer
