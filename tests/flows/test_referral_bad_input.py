"""Bad input: each a problem that says what to do, in the contract's order, with nothing half done."""

import asyncio
import json
import re
from typing import Any
from uuid import uuid4

import pytest

from tests.builders import small_town
from tests.platform import Platform
from tests.referring import CLIENT, at_work, new_referral, problem, sent_referral


async def nothing_was_made(platform: Platform) -> bool:
    counted = "SELECT (SELECT count(*) FROM referrals) + (SELECT count(*) FROM clients) + (SELECT count(*) FROM outbox)"
    return bool(await platform.scalar("referral", counted) == 0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": "x" * 4001}, "reason"),
        ({"urgency": "yesterday"}, "urgency"),
        ({"service_id": "no-uuid"}, "service_id"),
        ({"client": {**CLIENT, "language": "not a tag"}}, "client.language"),
        ({"client": {**CLIENT, "language": "fi-Some-Name-of-a-client"}}, "client.language"),
        ({"client": {**CLIENT, "business_id": "2077474-0"}}, "client"),
        ({"client": {**CLIENT, "kind": "company", "business_id": "2077474-1"}}, "client.business_id"),
        ({"client": {**CLIENT, "email": "nowhere"}}, "client.email"),
        ({"client": ...}, "body"),
        ({"legal_basis": {"kind": "consent"}}, "legal_basis"),
        ({"legal_basis": {"kind": "statute"}}, "legal_basis"),
        ({"legal_basis": {"kind": "statute", "statute": "x", "consent": None, "more": 1}}, "legal_basis.more"),
        ({"misspelt": 1}, "misspelt"),
        ({"shareable_note": "a\u0000b"}, "shareable_note"),
    ],
)
async def test_a_field_at_fault_is_named(platform: Platform, changes: dict[str, Any], field: str) -> None:
    town = await small_town(platform)
    body = problem(await at_work(platform, town.adviser).refer(new_referral(town, **changes)), 422, "invalid")
    assert field in [error["field"] for error in body["errors"]]
    assert await nothing_was_made(platform)


@pytest.mark.parametrize("place", ["reason", "private_note", "client.name", "misspelt", "legal_basis"])
async def test_a_personal_identity_code_is_refused_in_any_field(platform: Platform, place: str) -> None:
    town = await small_town(platform)
    request = new_referral(town)
    code = "131052\N{EN DASH}308T"
    if place == "client.name":
        request["client"] = {**CLIENT, "name": f"Asiakas {code}"}
    elif place == "legal_basis":
        request["legal_basis"] = {"kind": "statute", "statute": code}
    else:
        request[place] = f"see {code}"
    answer = await at_work(platform, town.adviser).refer(request)
    body = problem(answer, 422, "personal-identity-code")
    assert body["errors"][0]["field"].startswith(place)
    assert "308T" not in answer.text
    assert await nothing_was_made(platform)


async def test_a_personal_identity_code_is_refused_outside_of_bodies_too(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    for code in ("131052-308T", "131052\N{EN DASH}308T", "131052+308T"):
        in_query = await adviser.client.get("/referrals", params={"status": code})
        problem(in_query, 422, "personal-identity-code")
    in_path = await adviser.client.get("/referrals/131052-308T")
    problem(in_path, 422, "personal-identity-code")
    problem(await adviser.refer(new_referral(town), key="131052-308T"), 422, "personal-identity-code")
    headers = {"X-Correlation-ID": "131052-308T", "Idempotency-Key": "k"}
    made = await adviser.client.post("/referrals", json=new_referral(town), headers=headers)
    assert made.status_code == 201
    for answer in (in_path, made):
        assert "308T" not in answer.text + str(answer.headers)
    assert "308T" not in json.dumps(await platform.published("referral"))


async def test_messages_name_neither_the_input_nor_classes(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    for changes in ({"service_id": "Secret"}, {"client": "Secret"}, {"legal_basis": ["Secret"]}, {"client": ...}):
        answer = await adviser.refer(new_referral(town, **changes))
        problem(answer, 422, "invalid")
        assert not {"Secret", "`S`", "NewClient", "LegalBasis", "Value error"} & set(re.findall(r"[`\w]+", answer.text))
        assert "Value error" not in answer.text


async def test_days_out_of_range_and_empty_parameters(platform: Platform) -> None:
    town = await small_town(platform)
    coordinator = at_work(platform, town.coordinator).client
    problem(await coordinator.get("/overview?from=9999-12-31&to=9999-12-31"), 422, "invalid")
    problem(await coordinator.get("/overview/referrals?from=0001-01-01"), 422, "invalid")
    assert (await coordinator.get("/overview?from=&to=")).status_code == 200
    assert (
        await at_work(platform, town.adviser).client.get("/referrals?box=sent&status=&open=true")
    ).status_code == 200


async def test_no_address_redirects_to_where_a_header_says(platform: Platform) -> None:
    town = await small_town(platform)
    answer = await at_work(platform, town.adviser).client.get("/referrals/", headers={"Host": "elsewhere.example"})
    problem(answer, 404, "not-found")


async def test_services_that_can_not_be_referred_to(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    facts = town.facts
    closed_down = await facts.organization("closed-down", active=False)
    empty = await facts.organization("without-a-desk")
    cases = {
        "unknown-service": uuid4(),
        "inactive-organization": await facts.service("of-nobody", closed_down),
        "inactive-service": await facts.service("paused", town.business, status="temporarily closed"),
        "no-desk": await facts.service("unanswered", empty),
        "own-service": await facts.service("ours", town.navigaattori),
    }
    await platform.settle()
    for name, service in cases.items():
        body = problem(await adviser.refer(new_referral(town, service_id=str(service))), 422, name)
        assert body["errors"][0]["field"] == "service_id"
    assert await nothing_was_made(platform)


async def test_requests_that_are_not_json(platform: Platform) -> None:
    town = await small_town(platform)
    client = at_work(platform, town.adviser).client
    post = {"Idempotency-Key": "k"}
    broken = await client.post("/referrals", content=b'{"a":', headers={**post, "Content-Type": "application/json"})
    problem(broken, 400, "malformed")
    form = await client.post("/referrals", data={"a": "b"}, headers=post)
    problem(form, 415, "unsupported-media-type")
    large = {"reason": "x" * 70_000}
    problem(await client.post("/referrals", json=large, headers=post), 413, "too-large")
    problem(await client.get("/nowhere"), 404, "not-found")
    problem(await client.delete("/referrals"), 405, "method-not-allowed")
    problem(await client.get("/referrals?limit=0"), 422, "invalid")


async def test_the_idempotency_key_makes_one_referral_of_many_requests(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    request = new_referral(town)
    no_key = await adviser.client.post("/referrals", json=request)
    problem(no_key, 400, "idempotency-key-missing")
    problem(await adviser.refer(request, key="x" * 201), 400, "idempotency-key-invalid")

    answers = await asyncio.gather(*(adviser.refer(request, key="same") for _ in range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert {answer.headers["Location"] for answer in answers} == {f"/referrals/{answers[0].json()['id']}"}
    assert await platform.scalar("referral", "SELECT count(*) FROM referrals") == 1
    assert await platform.scalar("referral", "SELECT count(*) FROM clients") == 1

    problem(await adviser.refer(new_referral(town, urgency="urgent"), key="same"), 422, "idempotency-key-reused")
    other = await at_work(platform, town.colleague).refer(request, key="same")
    assert other.status_code == 201, "a key is its member's own"


async def test_a_refused_request_does_not_use_up_its_key(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    problem(await adviser.refer(new_referral(town, service_id=str(uuid4())), key="k"), 422, "unknown-service")
    assert (await adviser.refer(new_referral(town), key="k")).status_code == 201


async def test_versions_are_named_and_stale_ones_refused(platform: Platform) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    referral = await desk.read((await sent_referral(platform, town))["id"])
    unnamed = await desk.client.post(f"/referrals/{referral['id']}/accept", json={})
    problem(unnamed, 428, "precondition-required")
    stale = await desk.give("accept", {**referral, "version": referral["version"] - 1})
    problem(stale, 412, "stale-version")
    assert stale.headers["ETag"] == f'"{referral["version"]}"'
    accepted = await desk.give("accept", referral)
    assert accepted.headers["ETag"] == f'"{referral["version"] + 1}"'


async def test_two_answers_at_once_are_one_answer_and_one_refusal(platform: Platform) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    referral = await desk.read((await sent_referral(platform, town))["id"])
    declined = {"reason": {"code": "no_capacity"}}
    answers = await asyncio.gather(
        *(desk.give("accept", referral) for _ in range(3)),
        *(desk.give("decline", referral, declined) for _ in range(3)),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412, 412]


async def test_faults_are_told_in_the_order_of_the_contract(platform: Platform) -> None:
    town = await small_town(platform)
    referral = await sent_referral(platform, town)
    path = f"/referrals/{referral['id']}/complete"
    broken = {"content": b"{", "headers": {"Content-Type": "application/json"}}

    def of(who: Any) -> Any:
        return platform.client("referral", who)

    problem(await of(None).post(path, **broken), 401, "unauthenticated")
    problem(await of(town.bystander).post(path, **broken), 404, "not-found")
    problem(await of(town.adviser).post(path, **broken), 403, "forbidden")
    problem(await of(town.desk).post(path, **broken), 400, "malformed")
    problem(await of(town.desk).post(path, json={}), 422, "invalid")
    outcome = {"outcome": {"code": "enrolled"}}
    problem(await of(town.desk).post(path, json=outcome), 428, "precondition-required")
    problem(await of(town.desk).post(path, json=outcome, headers={"If-Match": '"99"'}), 412, "stale-version")
    problem(await of(town.desk).post(path, json=outcome, headers={"If-Match": '"2"'}), 409, "illegal-command")


async def test_ids_that_are_none_are_not_found(platform: Platform) -> None:
    town = await small_town(platform)
    for referral_id in ("nonsense", str(uuid4()), "0"):
        problem(await at_work(platform, town.adviser).client.get(f"/referrals/{referral_id}"), 404, "not-found")


async def test_openapi_declares_bodies_problems_and_commands(platform: Platform) -> None:
    document = (await platform.client("referral").get("/openapi.json")).json()
    text = json.dumps(document)
    create = document["paths"]["/referrals"]["post"]["requestBody"]
    assert create["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/NewReferral"}
    for path in document["paths"].values():
        for operation in path.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]
    names = {piece.split('"')[0] for piece in text.split("#/components/schemas/")[1:]}
    assert names <= set(document["components"]["schemas"]), "every reference resolves"
    headers = {
        (path, item["name"])
        for path, operations in document["paths"].items()
        for operation in operations.values()
        for item in operation.get("parameters", [])
        if item["in"] == "header"
    }
    assert ("/referrals", "Idempotency-Key") in headers
    assert ("/referrals/{referral_id}/accept", "If-Match") in headers
    assert {f"/referrals/{{referral_id}}/{name}" for name in ("accept", "withdraw-consent", "close")} <= set(
        document["paths"]
    )


@pytest.mark.parametrize(
    "change",
    [
        {"urgency": None},
        {"service_id": None},
        {"client_id": str(uuid4()), "client": {"language": "fi"}},
    ],
)
async def test_a_draft_can_not_lose_what_every_referral_has(platform: Platform, change: dict[str, Any]) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    draft = (await adviser.refer(new_referral(town, send=False))).json()
    answer = await adviser.client.patch(f"/referrals/{draft['id']}", json=change, headers={"If-Match": '"1"'})
    problem(answer, 422, "invalid")
    assert (await adviser.read(draft["id"]))["version"] == 1


async def test_a_search_for_nothing_is_refused(platform: Platform) -> None:
    town = await small_town(platform)
    problem(await at_work(platform, town.adviser).client.post("/clients/search", json={}), 422, "invalid")
