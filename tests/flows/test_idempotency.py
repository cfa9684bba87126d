"""Whatever creates something takes a key, under which it is carried out once and answered alike each time."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text

from services.referral.tables import IdempotencyKey
from services.referral.vault import seal, unseal
from tests.builders import Town, small_town
from tests.flows.catalog_kuopio import Kuopio, kuopio
from tests.platform import Platform
from tests.referring import CONSENT, JSON, at_work, new_referral, problem, sent_referral

STATUTE: JSON = {"kind": "statute", "statute": "a section"}
CREATING = {
    "catalog": {"createOrganization", "createService", "createMember"},
    "referral": {"createReferral", "createMessage", "forwardReferral", "sendSuggestedReferral"},
    "notifications": set(),
}
"""The operations that answer 201; those of `ALSO` create nothing, and take a key all the same."""
ALSO = {"answerReferrals", "handOverReferrals"}


@pytest.mark.parametrize("service", list(CREATING))
async def test_every_operation_that_creates_takes_a_key(platform: Platform, service: str) -> None:
    created, taken = set(), set()
    for path in platform.apps[service].openapi()["paths"].values():
        for method, operation in path.items():
            keys = [each for each in operation.get("parameters", []) if each["name"] == "Idempotency-Key"]
            if "201" in operation["responses"]:
                created.add(operation["operationId"])
                assert "Idempotency-Replayed" in operation["responses"]["201"]["headers"]
            if keys:
                taken.add(operation["operationId"])
                assert keys[0]["required"] is (operation["operationId"] == "createReferral")
                assert method == "post"
    assert created == CREATING[service]
    assert created <= taken <= created | ALSO


async def prepared(platform: Platform, what: str) -> tuple[httpx2.AsyncClient, str, JSON, JSON, dict[str, str]]:
    """Who sends what: a client, the address, a body, another body, and the headers it takes besides the key."""
    if what in ("organization", "service", "member"):
        return await _in_the_catalogue(platform, what)
    town = await small_town(platform)
    adviser, desk = platform.client("referral", town.adviser), platform.client("referral", town.desk)
    if what == "referral":
        return adviser, "/referrals", new_referral(town), new_referral(town, reason="another"), {}
    referral = await sent_referral(platform, town)
    path = f"/referrals/{referral['id']}"
    if what == "message":
        return adviser, f"{path}/messages", {"text": "which day?"}, {"text": "which time?"}, {}
    if what == "bulk":
        chosen = [{"id": referral["id"], "version": referral["version"]}]
        accept: JSON = {"command": "accept", "referrals": chosen}
        return desk, "/referrals/bulk", accept, {**accept, "command": "decline", "reason": {"code": "no_capacity"}}, {}
    if what == "handover":
        return adviser, "/handover", {"to": str(town.colleague.id)}, {}, {}
    return await _passed_on(platform, town, what, referral)


async def _passed_on(
    platform: Platform, town: Town, what: str, referral: JSON
) -> tuple[httpx2.AsyncClient, str, JSON, JSON, dict[str, str]]:
    desk = at_work(platform, town.desk)
    if what == "forward":
        accepted = await desk.done("accept", referral)
        body = {"service_id": str(town.guidance), "legal_basis": STATUTE}
        headers = {"If-Match": f'"{accepted["version"]}"'}
        return desk.client, f"/referrals/{referral['id']}/forward", body, {**body, "urgency": "urgent"}, headers
    decline = {"reason": {"code": "not_eligible"}, "suggested_service_id": str(town.guidance)}
    declined = await desk.done("decline", referral, decline)
    headers = {"If-Match": f'"{declined["version"]}"'}
    adviser = platform.client("referral", town.adviser)
    return (
        adviser,
        f"/referrals/{referral['id']}/send-suggested",
        {"legal_basis": STATUTE},
        {"legal_basis": CONSENT},
        headers,
    )


async def _in_the_catalogue(
    platform: Platform, what: str
) -> tuple[httpx2.AsyncClient, str, JSON, JSON, dict[str, str]]:
    town: Kuopio = await kuopio(platform)
    name: JSON = {"name": "Uusi paikka", "description": {"fi": "Uusi"}}
    if what == "member":
        body: JSON = {"email": "new@luotsi.example", "roles": ["adviser"]}
        return town.admin, "/members", body, {**body, "language": "sv"}, {}
    return town.admin, f"/{what}s", name, {**name, "name": "Toinen paikka"}, {}


ALL = ["organization", "service", "member", "referral", "message", "forward", "suggested", "bulk", "handover"]
COUNTED = {
    "referral": "SELECT (SELECT count(*) FROM referrals), (SELECT count(*) FROM messages), "
    "(SELECT count(*) FROM outbox)",
    "catalog": "SELECT (SELECT count(*) FROM organizations), (SELECT count(*) FROM services), "
    "(SELECT count(*) FROM members), (SELECT count(*) FROM outbox)",
}


async def counted(platform: Platform, what: str) -> tuple[Any, ...]:
    """How much of everything there is in the service that `what` belongs to."""
    service = "catalog" if what in ("organization", "service", "member") else "referral"
    async with platform.databases[service].transaction() as tx:
        return tuple((await tx.execute(text(COUNTED[service]))).one())


@pytest.mark.parametrize("what", ALL)
async def test_the_same_request_is_carried_out_once_and_answered_alike(platform: Platform, what: str) -> None:
    client, path, body, other, headers = await prepared(platform, what)
    keyed = {**headers, "Idempotency-Key": "one and the same"}
    first = await client.post(path, json=body, headers=keyed)
    assert first.status_code in (200, 201), first.text
    assert "Idempotency-Replayed" not in first.headers
    there = await counted(platform, what)
    again = await client.post(path, json=body, headers=keyed)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    for name in ("ETag", "Location", "Content-Language"):
        assert again.headers.get(name) == first.headers.get(name)
    assert again.headers["Idempotency-Replayed"] == "true"
    problem(await client.post(path, json=other, headers=keyed), 422, "idempotency-key-reused")
    assert await counted(platform, what) == there


@pytest.mark.parametrize("what", ["member", "referral", "message", "bulk"])
async def test_two_at_once_are_one(platform: Platform, what: str) -> None:
    client, path, body, _, headers = await prepared(platform, what)
    keyed = {**headers, "Idempotency-Key": str(uuid4())}
    before = await counted(platform, what)
    answers = await asyncio.gather(*(client.post(path, json=body, headers=keyed) for _ in range(4)))
    assert len({answer.text for answer in answers}) == 1, [answer.text for answer in answers]
    assert sorted("Idempotency-Replayed" in answer.headers for answer in answers) == [False, True, True, True]
    assert sum(await counted(platform, what)) > sum(before)
    once_more = await counted(platform, what)
    await client.post(path, json=body, headers=keyed)
    assert await counted(platform, what) == once_more


async def test_without_a_key_each_message_is_one(platform: Platform) -> None:
    client, path, body, _, _ = await prepared(platform, "message")
    first, second = await client.post(path, json=body), await client.post(path, json=body)
    assert first.json()["id"] != second.json()["id"]


async def test_a_key_is_a_members_own_and_of_one_address(platform: Platform) -> None:
    town = await small_town(platform)
    one = await sent_referral(platform, town)
    other = await sent_referral(platform, town, client={"language": "fi", "name": "Toinen"})
    adviser, desk = platform.client("referral", town.adviser), platform.client("referral", town.desk)
    key = {"Idempotency-Key": "k"}
    path = f"/referrals/{one['id']}/messages"
    mine = await adviser.post(path, json={"text": "same"}, headers=key)
    theirs = await desk.post(path, json={"text": "same"}, headers=key)
    assert mine.json()["id"] != theirs.json()["id"]
    elsewhere = await adviser.post(f"/referrals/{other['id']}/messages", json={"text": "same"}, headers=key)
    problem(elsewhere, 422, "idempotency-key-reused")
    problem(await adviser.post("/referrals", json=new_referral(town), headers=key), 422, "idempotency-key-reused")


async def test_who_lost_the_right_gets_no_answer_again(platform: Platform) -> None:
    client, path, body, _, headers = await prepared(platform, "message")
    keyed = {**headers, "Idempotency-Key": "k"}
    assert (await client.post(path, json=body, headers=keyed)).status_code == 201
    del client.headers["Authorization"]
    problem(await client.post(path, json=body, headers=keyed), 401, "unauthenticated")


async def test_a_refused_request_leaves_its_key_free(platform: Platform) -> None:
    town = await kuopio(platform)
    keyed = {"Idempotency-Key": "k"}
    taken = {"email": "admin@luotsi.example", "roles": ["admin"]}
    problem(await town.admin.post("/members", json=taken, headers=keyed), 409, "email-taken")
    free = {"email": "free@luotsi.example", "roles": ["admin"]}
    assert (await town.admin.post("/members", json=free, headers=keyed)).status_code == 201


@pytest.mark.parametrize("keys", [["x" * 201], ["ä"], ["a\tb"], [""], ["  "], ["a", "b"], ["a", "a"], ["a", ""]])
async def test_what_is_no_key_is_refused_everywhere(platform: Platform, keys: list[str]) -> None:
    client, path, body, _, _ = await prepared(platform, "message")
    given = [(b"Idempotency-Key", key.encode()) for key in keys]
    problem(await client.post(path, json=body, headers=given), 400, "idempotency-key-invalid")


PERSONAL = "Esimerkki Asiakas 040 765 4321"


@pytest.mark.parametrize("what", ["member", "referral", "message", "bulk", "handover"])
async def test_neither_the_key_nor_the_answer_is_kept_as_it_was(platform: Platform, what: str) -> None:
    client, path, body, _, headers = await prepared(platform, what)
    answer = await client.post(path, json=body, headers={**headers, "Idempotency-Key": PERSONAL})
    assert answer.status_code in (200, 201)
    service = "catalog" if what == "member" else "referral"
    async with platform.databases[service].transaction() as tx:
        rows = [tuple(row) for row in await tx.execute(text("SELECT * FROM idempotency_keys"))]
    kept = [value for row in rows for value in row]
    assert [value for value in kept if "Esimerkki" in str(value) or PERSONAL.encode() in _bytes(value)] == []
    assert [value for value in kept if b"contents" in _bytes(value) or b'"id"' in _bytes(value)] == []


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


async def test_a_key_that_was_kept_as_it_was_given_still_counts_and_is_hashed_by_a_worker(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, request = at_work(platform, town.adviser), new_referral(town)
    first = await adviser.refer(request, key=PERSONAL)
    await _as_an_older_version_kept_it(platform, town)
    again = await adviser.refer(request, key=PERSONAL)
    assert (again.status_code, again.json()) == (201, first.json())
    await platform.deadline_scheduler().adopt()
    keys = "SELECT string_agg(key, ' ') FROM idempotency_keys"
    assert (await platform.scalar("referral", keys)).startswith("hmac:")
    assert (await adviser.refer(request, key=PERSONAL)).json() == first.json()
    problem(await adviser.refer(new_referral(town, reason="another"), key=PERSONAL), 422, "idempotency-key-reused")
    assert await platform.scalar("referral", "SELECT count(*) FROM referrals") == 1


async def _as_an_older_version_kept_it(platform: Platform, town: Town) -> None:
    """Give the one row its key as it was sent, with its answer sealed for that place."""
    async with platform.databases["referral"].transaction() as tx:
        row = (await tx.execute(text("SELECT * FROM idempotency_keys"))).one()
        wrapped = (await tx.execute(text("SELECT wrapped FROM client_keys"))).scalar_one()
        client_key = platform.vault.unwrap(row.client_id, wrapped)
        opened = unseal(client_key, row.answer, f"answer:{row.member_id}:{row.key}")
        await tx.execute(text("DELETE FROM idempotency_keys"))
        answer = seal(client_key, opened, f"answer:{row.member_id}:{PERSONAL}")
        tx.insert(IdempotencyKey(**dict(row._mapping) | {"key": PERSONAL, "answer": answer}))
    assert town.adviser.id == row.member_id
