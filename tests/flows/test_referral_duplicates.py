"""Duplicates: what an organisation is told of its own earlier referrals before and while it sends another."""

from datetime import timedelta
from typing import Any

import httpx2

from services.referral import main as referral_main
from shared.clock import utc_now
from tests.builders import Someone, Town, small_town
from tests.platform import Platform
from tests.referring import CLIENT, SECRETS, Desk, at_work, new_referral, problem, sent_referral

DECLINE = {"reason": {"code": "no_capacity"}}


async def check(desk: Desk, town: Town, **asked: Any) -> list[dict[str, Any]]:
    """What the check says of duplicates."""
    answer = await desk.client.post("/referrals/check", json={"service_id": str(town.advice), **asked})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["duplicates"]
    return found


def after(platform: Platform, who: Someone, days: int) -> Desk:
    """`who` at the referral service as it will be some days from now."""
    app = referral_main.create_app(platform.settings["referral"], lambda: utc_now() + timedelta(days=days))
    headers = {"Authorization": f"Bearer {platform.tokens.sign(who)}"}
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    return Desk(httpx2.AsyncClient(transport=transport, base_url="http://referral", headers=headers))


async def test_an_open_referral_to_the_same_service_is_told_before_sending(platform: Platform) -> None:
    town = await small_town(platform)
    colleague = at_work(platform, town.colleague)
    assert await check(colleague, town, client=CLIENT) == []
    sent = await sent_referral(platform, town)
    told = {
        "kind": "open",
        "referral_id": sent["id"],
        "reference": sent["reference"],
        "status": "requested",
        "sent_at": sent["sent_at"],
        "matched_by": ["name", "email", "phone"],
    }
    assert await check(colleague, town, client=CLIENT) == [told]
    assert await check(colleague, town, client_id=sent["client"]["id"]) == [{**told, "matched_by": ["client"]}]
    assert await check(colleague, town) == [], "nobody is looked for"
    assert await check(colleague, town, client=CLIENT, service_id=str(town.guidance)) == [], "another service"


async def test_asking_creates_nothing_and_is_written_down(platform: Platform) -> None:
    town = await small_town(platform)
    sent = await sent_referral(platform, town)
    count = "SELECT (SELECT count(*) FROM referrals) + (SELECT count(*) FROM clients) + (SELECT count(*) FROM outbox)"
    before = await platform.scalar("referral", count)
    await check(at_work(platform, town.colleague), town, client=CLIENT)
    assert await platform.scalar("referral", count) == before
    logged = "SELECT referral_id FROM disclosures WHERE occasion = 'duplicates' AND member_id = :member"
    assert str(await platform.scalar("referral", logged, member=town.colleague.id)) == sent["id"]


async def test_what_makes_two_clients_the_same(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    await sent_referral(platform, town)
    for client, agree in (
        ({"language": "so", "phone": "+358 40 7654321"}, ["phone"]),
        ({"language": "ar", "email": "CLIENT@mail.example", "name": "Somebody Else"}, ["email"]),
        ({"language": "ar", "name": "asiakas ESIMERKKI", "phone": "040-765 4321"}, ["name", "phone"]),
        ({"language": "ar", "name": "Esimerkki Asiakas"}, None),
        ({"language": "ar", "name": "Esimerkki Asiakas", "phone": "050 111 2222"}, None),
        ({"language": "ar"}, None),
    ):
        found = await check(adviser, town, client=client)
        assert [one["matched_by"] for one in found] == ([agree] if agree else []), client
    company = {"kind": "company", "name": "Esimerkki Oy", "language": "fi", "business_id": "2077474-0"}
    await sent_referral(platform, town, client=company)
    same = {"kind": "company", "language": "fi", "business_id": "20774740"}
    assert [one["matched_by"] for one in await check(adviser, town, client=same)] == [["business_id"]]


async def test_a_refusal_counts_for_90_days(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    sent = await desk.read((await sent_referral(platform, town))["id"])
    await desk.done("decline", sent, DECLINE)
    assert [one["kind"] for one in await check(adviser, town, client=CLIENT)] == ["refused"]
    await adviser.done("close", await adviser.read(sent["id"]))
    assert [one["kind"] for one in await check(after(platform, town.adviser, 90), town, client=CLIENT)] == ["refused"]
    assert await check(after(platform, town.adviser, 91), town, client=CLIENT) == []


async def test_what_is_over_otherwise_is_no_duplicate_and_a_draft_is_one(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    sent = await sent_referral(platform, town)
    await adviser.done("cancel", sent, {"reason": {"code": "client_not_interested"}})
    assert await check(adviser, town, client=CLIENT) == []
    draft = (await adviser.refer(new_referral(town, send=False))).json()
    (found,) = await check(at_work(platform, town.colleague), town, client=CLIENT)
    assert (found["kind"], found["status"], found["sent_at"]) == ("open", "draft", None)
    assert found["referral_id"] == draft["id"]


async def test_nothing_is_said_or_guessed_across_organisations(platform: Platform) -> None:
    town = await small_town(platform)
    elsewhere = await town.facts.member("other@kompassi.example", town.kompassi, "adviser")
    await platform.settle()
    sent = await sent_referral(platform, town)
    stranger = at_work(platform, elsewhere)
    assert await check(stranger, town, client=CLIENT) == []
    asked = {"service_id": str(town.advice), "client_id": sent["client"]["id"]}
    problem(await stranger.client.post("/referrals/check", json=asked), 422, "unknown-client")
    desk_that_also_refers = await town.facts.member("both@businesskuopio.example", town.business, "adviser")
    await platform.settle()
    at_target = {"service_id": str(town.guidance), "client": CLIENT}
    answer = await at_work(platform, desk_that_also_refers).client.post("/referrals/check", json=at_target)
    assert answer.json()["duplicates"] == [], "the target does not learn by its own referring"


async def test_a_check_is_refused_where_sending_would_be(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    asked = {"service_id": "019a0000-0000-7000-8000-000000000000", "client": CLIENT}
    problem(await adviser.client.post("/referrals/check", json=asked), 422, "unknown-service")
    both = {"service_id": str(town.advice), "client": CLIENT, "client_id": str(town.advice)}
    problem(await adviser.client.post("/referrals/check", json=both), 422, "invalid")
    await town.facts.deactivate(town.desk)
    await platform.settle()
    answer = await adviser.client.post("/referrals/check", json={"service_id": str(town.advice), "client": CLIENT})
    problem(answer, 422, "no-desk")
    problem(await at_work(platform, town.coordinator).client.post("/referrals/check", json=asked), 403, "forbidden")
    assert all(secret not in answer.text for secret in SECRETS)
