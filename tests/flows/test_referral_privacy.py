"""Who learns what: staged disclosure, sealed rows, silent events, and a log of every showing."""

from sqlalchemy import text

from tests.builders import small_town
from tests.platform import Platform
from tests.referring import CLIENT, SECRETS, at_work, new_referral, problem, sent_referral


async def test_the_target_sees_the_client_only_between_accepting_and_the_end(platform: Platform) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    referral = await desk.read((await sent_referral(platform, town))["id"])
    assert referral["client"] is None
    assert referral["reason"] is None
    assert referral["legal_basis"] is None
    assert referral["private_note"] is None
    assert referral["shareable_note"] == "mornings only"
    assert (referral["language"], referral["urgency"]) == ("ar", "routine")
    accepted = await desk.done("accept", referral)
    assert accepted["client"]["name"] == CLIENT["name"]
    assert accepted["reason"] == "bakery plan, wants advice"
    assert accepted["private_note"] is None, "the source's alone"
    cancelled = await desk.done("cancel", accepted, {"reason": {"code": "lack_of_resources"}})
    assert (cancelled["client"], cancelled["reason"]) == (None, None)


async def test_a_draft_is_nobodys_business_but_its_makers(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    draft = (await adviser.refer(new_referral(town, send=False))).json()
    problem(await desk.client.get(f"/referrals/{draft['id']}"), 404, "not-found")
    assert (await desk.client.get("/referrals")).json()["contents"] == []
    await adviser.done("cancel", draft, {"reason": {"code": "client_not_interested"}})
    problem(await desk.client.get(f"/referrals/{draft['id']}"), 404, "not-found")
    await platform.settle()
    assert await platform.scalar("notifications", "SELECT count(*) FROM notices") == 0


async def test_a_draft_without_a_word_is_sealed_like_any(platform: Platform) -> None:
    town = await small_town(platform)
    wordless = dict.fromkeys(("reason", "shareable_note", "private_note", "legal_basis"), ...)
    answer = await at_work(platform, town.adviser).refer(new_referral(town, send=False, **wordless))
    assert answer.status_code == 201, answer.text
    assert await platform.scalar("referral", "SELECT length(texts) FROM referrals") > 0


async def test_the_sources_words_for_cancelling_are_not_the_targets(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    referral = await sent_referral(platform, town)
    await adviser.done("cancel", referral, {"reason": {"code": "other", "text": "owes the landlord"}})
    seen = await desk.read(referral["id"])
    assert seen["status_reason"] == {"code": "other", "text": None}
    assert (await adviser.read(referral["id"]))["status_reason"]["text"] == "owes the landlord"


async def test_no_event_and_no_unsealed_column_holds_anything_personal(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    accepted = await desk.done("accept", await desk.read((await sent_referral(platform, town))["id"]))
    await adviser.client.post(f"/referrals/{accepted['id']}/messages", json={"text": "needs a ramp"})
    await desk.done("fail", accepted, {"reason": {"code": "other", "text": "owes the landlord"}})
    await platform.settle()
    for service in ("referral", "notifications"):
        dump = await dumped(platform, service)
        assert "KUO-" in dump, "the dump does hold the referral"
        for secret in SECRETS:
            assert secret not in dump, f"{secret} stands unsealed in {service}"
    entries = await platform.redis.xrange("referral.events")
    stream = b"".join(fields[b"__data__"] for _, fields in entries).decode()
    assert accepted["reference"] in stream
    assert all(secret not in stream for secret in SECRETS)


async def dumped(platform: Platform, service: str) -> str:
    """Every row of every table of a service, as text; sealed columns come as hexadecimal."""
    async with platform.databases[service].transaction() as tx:
        tables = await tx.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        rows = [await tx.execute(text(f'SELECT CAST(t.* AS text) FROM "{name}" AS t')) for (name,) in tables]
        return "\n".join(str(row[0]) for result in rows for row in result)


async def test_every_showing_of_a_client_is_written_down(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    referral = await desk.read((await sent_referral(platform, town))["id"])
    shown = "SELECT count(*) FROM disclosures WHERE organization_id = :organization"
    assert await platform.scalar("referral", shown, organization=town.business) == 0, "nothing was shown yet"
    accepted = await desk.done("accept", referral)
    await desk.read(referral["id"])
    assert await platform.scalar("referral", shown, organization=town.business) == 2
    who = "SELECT DISTINCT member_id FROM disclosures WHERE organization_id = :organization"
    assert await platform.scalar("referral", who, organization=town.business) == town.desk.id
    path = f"/referrals/{referral['id']}/messages"
    await adviser.client.post(path, json={"text": "needs a ramp"})
    await desk.client.get(path)
    assert await platform.scalar("referral", shown, organization=town.business) == 3
    request = new_referral(town)
    before = await platform.scalar("referral", shown, organization=town.navigaattori)
    assert [(await adviser.refer(request, key="same")).status_code for _ in range(3)] == [201] * 3
    told = "the client three times, and once that it has an open referral already"
    assert await platform.scalar("referral", shown, organization=town.navigaattori) == before + 4, told
    before += 4
    found = await adviser.client.post("/clients/search", json={"reference": accepted["reference"]})
    assert len(found.json()["contents"]) == 1
    assert await platform.scalar("referral", shown, organization=town.navigaattori) == before + 1


async def test_a_client_is_found_again_only_at_home(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, colleague = at_work(platform, town.adviser), at_work(platform, town.colleague)
    referral = await sent_referral(platform, town)
    for search in (
        {"name": "ASIAKAS esimerkki"},
        {"phone": "+358407654321"},
        {"email": "Client@Mail.Example"},
        {"reference": referral["reference"].lower().replace("-", " ")},
        {"name": "Esimerkki Asiakas", "phone": "0407654321"},
    ):
        found = (await colleague.client.post("/clients/search", json=search)).json()["contents"]
        assert [client["references"] for client in found] == [[referral["reference"]]], search
        elsewhere = await at_work(platform, town.bystander).client.post("/clients/search", json=search)
        assert elsewhere.json()["contents"] == [], search
    nobody = await adviser.client.post("/clients/search", json={"name": "Esimerkki Asiakas", "phone": "050 1"})
    assert nobody.json()["contents"] == []

    again = new_referral(town, client=..., client_id=referral["client"]["id"])
    assert (await colleague.refer(again)).json()["client"]["name"] == CLIENT["name"]


async def test_a_person_may_stay_unnamed(platform: Platform) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    referral = await sent_referral(platform, town, client={"language": "fa", "contact_via": "adviser"})
    accepted = await desk.done("accept", await desk.read(referral["id"]))
    assert accepted["client"]["name"] is None
    assert accepted["client"]["contact_via"] == "adviser"
    found = await at_work(platform, town.adviser).client.post(
        "/clients/search", json={"reference": referral["reference"]}
    )
    assert found.json()["contents"][0]["id"] == referral["client"]["id"]


async def test_a_company_is_a_client_too(platform: Platform) -> None:
    town = await small_town(platform)
    company = {"kind": "company", "name": "Esimerkki Oy", "language": "fi", "business_id": "2077474-0"}
    referral = await sent_referral(platform, town, client=company)
    assert referral["client"]["business_id"] == "2077474-0"
    found = await at_work(platform, town.adviser).client.post("/clients/search", json={"business_id": "20774740"})
    assert len(found.json()["contents"]) == 1


async def test_the_timeline_tells_each_side_its_part(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    referral = await desk.read((await sent_referral(platform, town))["id"])
    await desk.done("accept", referral)
    await platform.settle()
    path = f"/referrals/{referral['id']}/timeline"
    for_source = (await adviser.client.get(path)).json()["contents"]
    for_target = (await desk.client.get(path)).json()["contents"]
    assert [item["event_type"].split(".")[1] for item in for_source] == ["created", "sent", "first_viewed", "accepted"]
    assert [item["event_type"].split(".")[1] for item in for_target] == ["sent", "first_viewed", "accepted"]
    assert [item["member_id"] is not None for item in for_source] == [True, True, False, False]
    assert [item["member_id"] is not None for item in for_target] == [False, True, True]
    told_of_sending = for_source[1]["told"]
    assert {(told["side"], told["channel"], told["status"]) for told in told_of_sending} >= {
        ("target", "inbox", "delivered")
    }
