"""The inbox, the preferences and the list of deliveries over HTTP: one's own, and nothing else."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from tests.builders import Town, small_town
from tests.flows.notifications_story import Story, count, notices
from tests.platform import Platform


@pytest.fixture
async def town(platform: Platform) -> Town:
    return await small_town(platform)


async def sent(platform: Platform, town: Town) -> Story:
    story = Story.of(platform, town)
    await story.tell("sent", "source")
    await platform.settle()
    return story


async def event_of_the_notice(platform: Platform) -> UUID:
    """The event that was recorded about the only referral."""
    return UUID(str(await platform.scalar("referral", "SELECT event_id FROM outbox WHERE type = 'referral.sent.v1'")))


async def test_a_notice_shows_what_it_may_and_no_more(platform: Platform, town: Town) -> None:
    story = await sent(platform, town)
    (notice,) = await notices(platform, town.desk)
    async with platform.client("notifications", town.desk) as client:
        assert (await client.get(f"/notices/{notice['id']}")).json() == notice
    assert set(notice) == {
        "id",
        "referral_id",
        "reference",
        "event_type",
        "title",
        "body",
        "status",
        "service",
        "source_organization",
        "target_organization",
        "organization",
        "link",
        "created_at",
        "seen_at",
    }
    assert notice["referral_id"] == str(story.state.id)
    assert notice["source_organization"] == "navigaattori (en)"


async def test_seen_counts_once(platform: Platform, town: Town) -> None:
    await sent(platform, town)
    (notice,) = await notices(platform, town.desk)
    async with platform.client("notifications", town.desk) as client:
        first = await client.post(f"/notices/{notice['id']}/seen")
        second = await client.post(f"/notices/{notice['id']}/seen")
    assert first.status_code == second.status_code == 200
    assert first.json()["seen_at"] is not None
    assert first.json() == second.json()
    assert await notices(platform, town.desk, unseen="true") == []
    assert len(await notices(platform, town.desk)) == 1


async def test_all_that_was_shown_is_seen_at_once(platform: Platform, town: Town) -> None:
    story = Story.of(platform, town)
    for _ in range(3):
        await story.tell("message_sent", "source")
    await platform.settle()
    newest, middle, oldest = await notices(platform, town.desk)
    async with platform.client("notifications", town.desk) as client:
        counted = {"unseen": 3, "more": False, "newest": 3, "newest_at": newest["created_at"]}
        assert (await client.get("/notices/counts")).json() == counted
        first = (await client.post(f"/notices/{oldest['id']}/seen")).json()
        answer = await client.post("/notices/seen", json={"up_to": middle["id"]})
        assert (answer.status_code, answer.json()) == (200, counted | {"unseen": 1})
        left = {notice["id"]: notice["seen_at"] for notice in await notices(platform, town.desk)}
        assert left[newest["id"]] is None
        assert left[oldest["id"]] == first["seen_at"], "the first time counts"
        for other in (str(uuid4()), (await notices(platform, town.desk))[0]["referral_id"]):
            refused = await client.post("/notices/seen", json={"up_to": other})
            assert (refused.status_code, refused.json()["type"]) == (422, "urn:luotsi:problem:unknown-notice")
    async with platform.client("notifications", town.bystander) as client:
        nothing = {"unseen": 0, "more": False, "newest": 0, "newest_at": None}
        assert (await client.get("/notices/counts")).json() == nothing
        assert (await client.post("/notices/seen", json={"up_to": newest["id"]})).status_code == 422
    assert await count(platform, "notices", "recipient_member_id IS NOT NULL AND seen_at IS NULL") == 1


async def test_more_than_a_hundred_unseen_are_only_said_to_be_more(platform: Platform, town: Town) -> None:
    await sent(platform, town)
    async with platform.owners["notifications"].transaction() as tx:
        more = (
            "INSERT INTO notices SELECT (jsonb_populate_record(n, jsonb_build_object('id', gen_random_uuid(), "
            "'event_id', gen_random_uuid(), 'number', n.number + g))).* "
            "FROM notices AS n, generate_series(1, :more) AS g WHERE n.recipient_member_id IS NOT NULL AND n.number = 1"
        )
        await tx.execute(text(more), {"more": 99})
    async with platform.client("notifications", town.desk) as client:
        counted = (await client.get("/notices/counts")).json()
        assert (counted["unseen"], counted["more"], counted["newest"]) == (100, False, 100)
        async with platform.owners["notifications"].transaction() as tx:
            await tx.execute(text(more.replace("n.number + g", "n.number + 99 + g")), {"more": 1})
        counted = (await client.get("/notices/counts")).json()
        assert (counted["unseen"], counted["more"]) == (100, True)


async def test_nobody_else_finds_a_notice(platform: Platform, town: Town) -> None:
    await sent(platform, town)
    (notice,) = await notices(platform, town.desk)
    neighbour = await town.facts.member("second@businesskuopio.example", town.business, "adviser", "admin")
    await platform.settle()
    for other in (town.adviser, town.bystander, town.coordinator, neighbour):
        assert await notices(platform, other) == []
        async with platform.client("notifications", other) as client:
            assert (await client.get(f"/notices/{notice['id']}")).status_code == 404
            assert (await client.post(f"/notices/{notice['id']}/seen")).status_code == 404
    assert await count(platform, "notices", "seen_at IS NOT NULL") == 0


@pytest.mark.parametrize("key", ["xyz", "1", "%00", "01a20000-0000-7000-8000-000000000000", "x" * 5000])
async def test_what_is_the_id_of_no_notice_is_not_found(platform: Platform, town: Town, key: str) -> None:
    async with platform.client("notifications", town.desk) as client:
        answers = [await client.get(f"/notices/{key}"), await client.post(f"/notices/{key}/seen")]
    for answer in answers:
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:luotsi:problem:not-found")


async def test_pages_run_through_everything_once(platform: Platform, town: Town) -> None:
    story = Story.of(platform, town)
    for _ in range(5):
        await story.tell("message_sent", "source")
    await platform.settle()
    found: list[str] = []
    address: str | None = "/notices?limit=2&unseen=true"
    async with platform.client("notifications", town.desk) as client:
        while address is not None:
            page = (await client.get(address)).json()
            found += [notice["id"] for notice in page["contents"]]
            assert len(page["contents"]) <= 2
            address = page["next"]
    assert len(set(found)) == len(found) == 5
    assert found == sorted(found, reverse=True)


async def test_each_reads_in_the_language_of_the_account_or_of_choice(platform: Platform, town: Town) -> None:
    await Story.of(platform, town).tell("accepted", "target", status="accepted")
    await platform.settle()
    titles = [(await notices(platform, town.adviser))[0]["title"]]
    async with platform.client("notifications", town.adviser) as client:
        for language in ("sv", "en", None):
            answer = await client.put("/preferences", json={"email": True, "language": language})
            assert answer.json() == {"email": True, "language": language, "account_language": "fi"}
            titles.append((await notices(platform, town.adviser))[0]["title"])
    assert titles == [
        "Ohjaus KUO-7F3K-92 on hyväksytty",
        "Hänvisning KUO-7F3K-92 har godkänts",
        "Referral KUO-7F3K-92 has been accepted",
        "Ohjaus KUO-7F3K-92 on hyväksytty",
    ]


async def test_preferences_are_ones_own(platform: Platform, town: Town) -> None:
    async with platform.client("notifications", town.adviser) as client:
        usual = {"email": True, "language": None, "account_language": "fi"}
        assert (await client.get("/preferences")).json() == usual
        assert (await client.put("/preferences", json={"email": False})).status_code == 200
        assert (await client.get("/preferences")).json() == usual | {"email": False}
    async with platform.client("notifications", town.colleague) as client:
        assert (await client.get("/preferences")).json()["email"] is True


async def test_who_wants_no_mail_gets_none(platform: Platform, town: Town) -> None:
    async with platform.client("notifications", town.desk) as client:
        await client.put("/preferences", json={"email": False})
    await sent(platform, town)
    assert len(await notices(platform, town.desk)) == 1
    assert await count(platform, "deliveries", "channel = 'email'") == 0


@pytest.mark.parametrize(
    ("request_parts", "status"),
    [
        ({"json": {"email": "perhaps"}}, 422),
        ({"json": {"email": True, "language": "de"}}, 422),
        ({"json": {"email": True, "webhook": "x"}}, 422),
        ({"json": {"language": "fi"}}, 422),
        ({"json": {"email": True, "language": "131052-308T"}}, 422),
        ({"content": "{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"content": "email=1", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}, 415),
    ],
)
async def test_bad_preferences_change_nothing(
    platform: Platform, town: Town, request_parts: dict[str, Any], status: int
) -> None:
    async with platform.client("notifications", town.adviser) as client:
        answer = await client.put("/preferences", **request_parts)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "131052" not in answer.text
    assert await count(platform, "preferences") == 0


async def test_deliveries_are_those_of_the_own_organisation(platform: Platform, town: Town) -> None:
    story = await sent(platform, town)
    neighbour = await town.facts.member("second@businesskuopio.example", town.business, "adviser")
    await platform.settle()
    query = {"referral_id": str(story.state.id)}
    async with platform.client("notifications", neighbour) as client:
        found = (await client.get("/deliveries", params=query)).json()["contents"]
    assert {(one["channel"], one["status"]) for one in found} == {("inbox", "delivered"), ("email", "pending")}
    assert {one["member_id"] for one in found} == {str(town.desk.id)}
    assert {one["event_id"] for one in found} == {str(await event_of_the_notice(platform))}
    for stranger in (town.adviser, town.bystander, town.coordinator):
        async with platform.client("notifications", stranger) as client:
            assert (await client.get("/deliveries", params=query)).json() == {"contents": [], "next": None}
            assert (await client.get("/deliveries")).json() == {"contents": [], "next": None}


async def test_deliveries_of_other_referrals_are_left_out(platform: Platform, town: Town) -> None:
    await sent(platform, town)
    async with platform.client("notifications", town.desk) as client:
        assert len((await client.get("/deliveries")).json()["contents"]) == 2
        other = await client.get("/deliveries", params={"referral_id": str(uuid4())})
        assert other.json()["contents"] == []
        paged = (await client.get("/deliveries", params={"limit": 1})).json()
        rest = (await client.get(paged["next"])).json()
    assert rest["next"] is None
    assert paged["contents"][0]["id"] > rest["contents"][0]["id"]


async def test_pages_of_deliveries_hold_each_once_in_the_order_of_the_whole(platform: Platform, town: Town) -> None:
    whole = await deliveries_of_ten_notices(platform, town)
    async with platform.client("notifications", town.adviser) as client:
        found, path = list[dict[str, Any]](), "/deliveries?limit=3"
        while path:
            page = (await client.get(path)).json()
            found, path = found + page["contents"], page["next"]
    ids = [each["id"] for each in whole]
    assert len(set(ids)) == 20
    assert ids == sorted(ids, reverse=True)
    assert found == whole


async def test_a_page_goes_on_after_a_delivery_that_is_gone(platform: Platform, town: Town) -> None:
    whole = await deliveries_of_ten_notices(platform, town)
    async with platform.owners["notifications"].transaction() as tx:
        await tx.execute(text("DELETE FROM notices WHERE id = :id"), {"id": UUID(whole[3]["notice_id"])})
    async with platform.client("notifications", town.adviser) as client:
        rest = (await client.get("/deliveries", params={"after": whole[3]["id"]})).json()["contents"]
    assert rest == whole[4:]


async def deliveries_of_ten_notices(platform: Platform, town: Town) -> list[dict[str, Any]]:
    """The adviser's organisation is told of ten things; each goes to the inbox and by mail."""
    story = Story.of(platform, town)
    for _ in range(10):
        await story.tell("accepted", "target", status="accepted")
    await platform.settle()
    async with platform.client("notifications", town.adviser) as client:
        found: list[dict[str, Any]] = (await client.get("/deliveries")).json()["contents"]
    return found


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/notices"),
        ("GET", "/notices/5b0e1d3c-6f0a-4a57-9d2e-3c1f8a7b6e54"),
        ("POST", "/notices/5b0e1d3c-6f0a-4a57-9d2e-3c1f8a7b6e54/seen"),
        ("GET", "/preferences"),
        ("PUT", "/preferences"),
        ("GET", "/deliveries"),
    ],
)
async def test_nothing_is_answered_without_a_token(platform: Platform, town: Town, method: str, path: str) -> None:
    async with platform.client("notifications") as client:
        answer = await client.request(method, path)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


async def test_every_error_is_declared_and_bodies_are_described(platform: Platform) -> None:
    async with platform.client("notifications") as client:
        document = (await client.get("/openapi.json")).json()
    put = document["paths"]["/preferences"]["put"]
    assert put["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/NewPreference"}
    for path in document["paths"].values():
        for operation in path.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]
