"""What a client is entitled to: to know who handled their data, to have all of it, and to be erased."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from luotsi.platform.process import PlatformError
from tests.builders import Town, small_town
from tests.chains import organizations_in_a_row
from tests.flows.operating import luotsi
from tests.flows.test_referral_privacy import dumped
from tests.packing import pack_all
from tests.platform import Platform
from tests.referring import CLIENT, CONSENT, SECRETS, at_work, new_referral, problem, sent_referral

JSON = dict[str, Any]


async def run(platform: Platform, *arguments: str) -> str:
    """What `luotsi` prints; it has to succeed."""
    result = await asyncio.to_thread(luotsi, platform, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


async def a_story(platform: Platform) -> tuple[Town, JSON]:
    """A referral with texts, messages and an outcome, completed and not closed."""
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    referral = await desk.done("accept", await desk.read((await sent_referral(platform, town))["id"]))
    await adviser.client.post(f"/referrals/{referral['id']}/messages", json={"text": "needs a ramp"})
    await desk.client.get(f"/referrals/{referral['id']}/messages")
    outcome = {"outcome": {"code": "services_received", "text": "has a bakery plan now"}}
    completed = await desk.done("complete", referral, outcome)
    await platform.settle()
    return town, completed


async def test_the_report_says_who_was_shown_what_and_why(platform: Platform) -> None:
    town, referral = await a_story(platform)
    answer = await at_work(platform, town.colleague).client.get(f"/clients/{referral['client']['id']}/report")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["client"]["name"] == CLIENT["name"]
    by = [(one["organization"]["id"], one["occasion"], one["reference"]) for one in found["handled"]]
    reference = referral["reference"]
    business = str(town.business)
    assert by == [
        (str(town.navigaattori), "create", reference),
        (business, "accept", reference),
        (business, "messages", reference),
        (business, "complete", reference),
        (str(town.navigaattori), "report", None),
    ]
    named = {one["organization"]["id"]: one["member_id"] for one in found["handled"]}
    assert named == {str(town.navigaattori): str(town.colleague.id), business: None}, "only one's own are named"
    assert found["handled"][0]["organization"]["name"]["en"] == "navigaattori (en)"
    (one,) = found["referrals"]
    basis: Any = CONSENT["consent"]
    assert one["legal_basis"]["kind"] == "consent"
    assert {name: one["legal_basis"][name] for name in basis} == basis
    assert one["target_organization"]["id"] == business
    again = await at_work(platform, town.adviser).client.get(f"/clients/{referral['client']['id']}/report")
    assert len(again.json()["handled"]) == 6, "giving the report is a showing too"


async def test_the_report_is_for_advisers_of_the_clients_own_organisation(platform: Platform) -> None:
    town, referral = await a_story(platform)
    recipient = await town.facts.member("only@navigaattori.example", town.navigaattori, "recipient")
    await platform.settle()
    path = f"/clients/{referral['client']['id']}/report"
    for other in (town.desk, town.bystander, town.coordinator, recipient):
        problem(await at_work(platform, other).client.get(path), 404, "not-found")
    problem(await at_work(platform, town.adviser).client.get("/clients/nobody/report"), 404, "not-found")


async def test_an_operator_gives_the_report_by_reference(platform: Platform) -> None:
    town, referral = await a_story(platform)
    found = json.loads(await run(platform, "client", "report", referral["reference"].lower(), "--json"))
    assert {one["member_id"] for one in found["handled"]} == {str(town.adviser.id), str(town.desk.id), None}
    assert found["handled"][-1]["operator"] is True
    shown = await run(platform, "client", "report", referral["client"]["id"])
    assert "operator: report" in shown
    assert referral["reference"] in shown
    with pytest.raises(PlatformError, match="no client has the id"):
        await run(platform, "client", "report", "KUO-XXXX-XX")


async def test_the_export_holds_everything_opened(platform: Platform, tmp_path: Path) -> None:
    _, referral = await a_story(platform)
    held = json.loads(await run(platform, "client", "export", referral["reference"]))
    whole = json.dumps(held, ensure_ascii=False)
    for known in (
        *(CLIENT | {"phone": "+358 40 7654321"}).values(),
        "bakery plan, wants advice",
        "owes the landlord",
        "needs a ramp",
    ):
        assert (str(known) if isinstance(known, str) else json.dumps(known)) in whole, known
    (one,) = held["referrals"]
    assert one["texts"]["outcome"] == "has a bakery plan now"
    assert one["texts"]["legal_basis"] == CONSENT
    assert [message["text"] for message in one["messages"]] == ["needs a ramp"]
    assert [entry["event_type"].split(".")[1] for entry in one["timeline"]][:2] == ["created", "sent"]
    assert {told["channel"] for told in one["told"]} >= {"inbox"}
    assert held["handled"][-1]["occasion"] == "operator: export"
    assert {notice["reference"] for notice in held["notices"]} == {referral["reference"]}
    assert {event["payload"]["subject"] for event in held["events"]} == {referral["id"]}
    assert await pack_all(platform.databases["referral"]) > 0
    later = json.loads(await run(platform, "client", "export", referral["reference"]))
    assert later["events"] == held["events"], "also those at rest"
    assert len(held["answers_kept"]) == 1
    assert held["found_by"] == ["email", "name", "phone"]
    out = tmp_path / "client.json"
    await run(platform, "client", "export", referral["reference"], "--out", str(out))
    assert out.stat().st_mode & 0o777 == 0o600
    with pytest.raises(PlatformError, match="exists already"):
        await run(platform, "client", "export", referral["reference"], "--out", str(out))


async def test_erasing_destroys_the_person_and_leaves_the_figures(platform: Platform) -> None:
    town, referral = await a_story(platform)
    client_id = referral["client"]["id"]
    before = await at_work(platform, town.coordinator).client.get("/overview")
    said = await run(platform, "client", "erase", referral["reference"], "--yes")
    assert "1 referrals stay" in said
    for table, column in (("client_keys", "client_id"), ("client_lookups", "client_id"), ("messages", "referral_id")):
        assert await platform.scalar("referral", f"SELECT count(*) FROM {table}") == 0, column
    emptied = "SELECT count(*) FROM clients WHERE length(details) = 0 AND language = 'und' AND erased_at IS NOT NULL"
    assert await platform.scalar("referral", emptied) == 1
    assert await platform.scalar("referral", "SELECT max(length(texts)) FROM referrals") == 0
    assert await platform.scalar("referral", "SELECT count(*) FROM idempotency_keys WHERE answer IS NOT NULL") == 0
    after = await at_work(platform, town.coordinator).client.get("/overview")
    assert after.json() == before.json(), "statistics stay as they were"
    for service in ("referral", "notifications"):
        dump = await dumped(platform, service)
        assert [secret for secret in SECRETS if secret in dump] == [], service
    last = "SELECT occasion FROM disclosures WHERE member_id IS NULL"
    assert await platform.scalar("referral", last) == "operator: erase"
    with pytest.raises(PlatformError, match="was erased on"):
        await run(platform, "client", "erase", client_id, "--yes")


async def test_after_erasure_each_side_sees_the_referral_without_the_person(platform: Platform) -> None:
    town, referral = await a_story(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    await run(platform, "client", "erase", referral["reference"], "--yes")
    for side in (adviser, desk):
        seen = await side.read(referral["id"])
        assert (seen["client"], seen["reason"], seen["private_note"], seen["legal_basis"]) == (None, None, None, None)
        assert seen["outcome"] == {"code": "services_received", "text": None}
        assert (await side.client.get(f"/referrals/{referral['id']}/messages")).json()["contents"] == []
        assert len((await side.client.get(f"/referrals/{referral['id']}/timeline")).json()["contents"]) > 3
        assert (await side.client.get(f"/referrals/{referral['id']}/fhir")).status_code == 200
    closed = await adviser.done("close", await adviser.read(referral["id"]))
    assert closed["closed_at"], "the loop can still be closed"
    written = await adviser.give("mark-error", closed, {"reason": {"code": "other", "text": "words about them"}})
    problem(written, 409, "client-erased")


async def test_an_erased_client_is_found_no_more_and_not_made_anew(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    referral = (await adviser.refer(new_referral(town, send=False), key="once")).json()
    cancelled = await adviser.done("cancel", referral, {"reason": {"code": "client_not_interested"}})
    await run(platform, "client", "erase", cancelled["reference"], "--yes")
    for search in ({"name": CLIENT["name"]}, {"reference": referral["reference"]}):
        assert (await adviser.client.post("/clients/search", json=search)).json()["contents"] == []
    again = new_referral(town, client=..., client_id=referral["client"]["id"])
    problem(await adviser.refer(again), 422, "unknown-client")
    problem(await adviser.refer(new_referral(town, send=False), key="once"), 409, "client-erased")
    problem(await adviser.client.get(f"/clients/{referral['client']['id']}/report"), 404, "not-found")


async def test_a_referral_under_way_stands_in_the_way_unless_it_is_ended(platform: Platform) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    referral = await desk.done("accept", await desk.read((await sent_referral(platform, town))["id"]))
    with pytest.raises(PlatformError, match=f"{referral['reference']} is still under way"):
        await run(platform, "client", "erase", referral["reference"], "--yes")
    assert (await desk.read(referral["id"]))["client"]["name"] == CLIENT["name"], "nothing was done"
    await run(platform, "client", "erase", referral["reference"], "--yes", "--end-open")
    seen = await desk.read(referral["id"])
    assert (seen["status"], seen["client"], seen["status_reason"]["code"]) == ("cancelled", None, "other")
    await platform.settle()
    notices = (await platform.client("notifications", town.desk).get("/notices")).json()["contents"]
    assert notices[0]["event_type"] == "referral.cancelled.v1", "its desk is told"


async def test_erasing_asks_first(platform: Platform) -> None:
    _, referral = await a_story(platform)
    result = await asyncio.to_thread(luotsi, platform, "client", "erase", referral["reference"])
    assert result.exit_code == 1
    assert await platform.scalar("referral", "SELECT count(*) FROM client_keys") == 1


async def test_what_a_backup_holds_opens_no_more_without_the_key(platform: Platform) -> None:
    """Rows copied before the erasure, and put back after it: sealed under a key that is gone."""
    town, referral = await a_story(platform)
    async with platform.databases["referral"].transaction() as tx:
        details = (await tx.execute(text("SELECT details FROM clients"))).scalar_one()
        texts = (await tx.execute(text("SELECT texts FROM referrals"))).scalar_one()
    await run(platform, "client", "erase", referral["reference"], "--yes")
    async with platform.databases["referral"].transaction() as tx:
        await tx.execute(text("UPDATE clients SET details = :details, erased_at = NULL"), {"details": details})
        await tx.execute(text("UPDATE referrals SET texts = :texts"), {"texts": texts})
    answer = await at_work(platform, town.adviser).client.get(f"/referrals/{referral['id']}")
    problem(answer, 409, "client-erased")


async def test_erasing_waits_for_a_forward_under_way_and_ends_the_child_too(platform: Platform) -> None:
    row = await organizations_in_a_row(platform, 3)
    first = await row.begin()
    desk = row.at(1)
    accepted = await desk.done("accept", await desk.read(first["id"]))
    async with platform.owners["referral"].transaction() as held:
        await held.execute(text("LOCK TABLE timers IN EXCLUSIVE MODE"))  # the last that a forward writes before its end
        forwarding = asyncio.create_task(desk.give("forward", accepted, row.forward(2)))
        await _waiting(platform, 1)
        erasing = asyncio.create_task(run(platform, "client", "erase", first["reference"], "--yes", "--end-open"))
        await _waiting(platform, 2)
    assert (await forwarding).status_code == 201
    assert "2 referrals stay" in await erasing
    assert await platform.scalar("referral", _LEFT_OF_THE_ERASED) == 0


async def test_of_an_erasure_and_a_forward_at_once_nothing_of_the_person_is_left(platform: Platform) -> None:
    row = await organizations_in_a_row(platform, 3)
    desk = row.at(1)
    for _ in range(5):
        first = await row.begin()
        accepted = await desk.done("accept", await desk.read(first["id"]))
        erase = asyncio.to_thread(luotsi, platform, "client", "erase", first["reference"], "--yes", "--end-open")
        answer, erased = await asyncio.gather(desk.give("forward", accepted, row.forward(2)), erase)
        # Before it, after it (the client is gone, the referral cancelled), or one of the two gave way to the other.
        assert answer.status_code in {201, 409, 412, 503}, answer.text
        if erased.exit_code != 0:
            assert answer.status_code == 201
            await run(platform, "client", "erase", first["reference"], "--yes", "--end-open")
        assert await platform.scalar("referral", _LEFT_OF_THE_ERASED) == 0


_LEFT_OF_THE_ERASED = """
SELECT count(*) FROM referrals JOIN clients ON clients.id = client_id
WHERE erased_at IS NOT NULL AND (length(texts) > 0 OR status NOT IN ('cancelled', 'completed'))
"""


async def _waiting(platform: Platform, count: int) -> None:
    """Until so many connections wait for a lock in the referral service's database."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'referral' AND wait_event_type = 'Lock'"
    async with asyncio.timeout(20):
        while await platform.scalar("referral", waiting) != count:
            await asyncio.sleep(0.02)
