"""The referral from its making to its closing, as the two sides live through it."""

import pytest
from sqlalchemy import text

from services.referral.domain.references import new_reference
from services.referral.queries import recipients
from services.referral.use_cases import creation
from tests.builders import small_town
from tests.platform import Platform
from tests.referring import at_work, new_referral, problem, sent_referral


async def test_a_referral_travels_from_sending_to_closing(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    sent = await sent_referral(platform, town)
    assert (sent["status"], sent["version"]) == ("requested", 2)

    seen = await desk.read(sent["id"])
    assert seen["first_viewed_at"] is not None
    assert seen["version"] == 3
    assert (await desk.read(sent["id"]))["version"] == 3, "only the first look counts"

    accepted = await desk.done("accept", seen)
    started = await desk.done("start", accepted)
    held = await desk.done("hold", started, {"reason": {"code": "could_not_contact", "text": "no answer"}})
    assert held["status_reason"] == {"code": "could_not_contact", "text": "no answer"}
    resumed = await desk.done("resume", held)
    assert resumed["status_reason"] is None, "the reason spoke of the former state"
    completed = await desk.done("complete", resumed, {"outcome": {"code": "services_received", "text": "two meetings"}})
    assert completed["completed_at"] is not None

    at_source = await adviser.read(sent["id"])
    assert at_source["outcome"] == {"code": "services_received", "text": "two meetings"}
    closed = await adviser.done("close", at_source)
    assert (closed["status"], closed["commands"]) == ("completed", ["mark-error"])
    assert closed["closed_at"] is not None

    types = [event["type"] for event in await platform.published("referral")]
    before = ["created", "sent", "first_viewed", "accepted", "started", "held", "resumed", "completed"]
    assert types == [f"referral.{name}.v1" for name in [*before, "answer_seen", "closed"]]
    sequences = [event["sequence"] for event in await platform.published("referral")]
    assert sequences == list(range(1, len(types) + 1))


async def test_a_draft_is_edited_then_sent(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    answer = await adviser.refer(new_referral(town, send=False, reason=..., legal_basis=...))
    draft = answer.json()
    assert (draft["status"], draft["version"], draft["sent_at"]) == ("draft", 1, None)

    incomplete = problem(await adviser.give("send", draft), 422, "incomplete-referral")
    assert [error["field"] for error in incomplete["errors"]] == ["reason", "legal_basis"]

    headers = {"If-Match": '"1"'}
    changes = {"reason": "bakery plan", "urgency": "urgent", "legal_basis": {"kind": "statute", "statute": "a section"}}
    edited = await adviser.client.patch(f"/referrals/{draft['id']}", json=changes, headers=headers)
    assert edited.status_code == 200, edited.text
    assert edited.headers["ETag"] == '"2"'
    sent = await adviser.done("send", edited.json())
    assert (sent["status"], sent["urgency"], sent["reason"]) == ("requested", "urgent", "bakery plan")

    late = await adviser.client.patch(f"/referrals/{draft['id']}", json=changes, headers={"If-Match": '"3"'})
    problem(late, 409, "illegal-command")


async def test_what_is_known_of_the_client_can_be_corrected_in_a_draft(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    draft = (await adviser.refer(new_referral(town, send=False, client={"language": "fa"}))).json()
    assert draft["client"]["name"] is None
    corrected = {"language": "uk", "name": "Esimerkki Asiakas", "phone": "040 765 4321"}
    edited = await adviser.client.patch(
        f"/referrals/{draft['id']}", json={"client": corrected}, headers={"If-Match": '"1"'}
    )
    assert edited.status_code == 200, edited.text
    assert edited.json()["client"]["id"] == draft["client"]["id"]
    assert (edited.json()["client"]["name"], edited.json()["language"]) == ("Esimerkki Asiakas", "uk")
    found = await adviser.client.post("/clients/search", json={"phone": "+358407654321"})
    assert [client["id"] for client in found.json()["contents"]] == [draft["client"]["id"]]
    unchanged = await adviser.client.patch(f"/referrals/{draft['id']}", json={}, headers={"If-Match": '"2"'})
    assert unchanged.headers["ETag"] == '"2"', "nothing was changed, so nothing is told"


async def test_another_recipient_needs_a_fresh_legal_basis(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    draft = (await adviser.refer(new_referral(town, send=False))).json()
    change = {"service_id": str(town.guidance)}
    edited = await adviser.client.patch(f"/referrals/{draft['id']}", json=change, headers={"If-Match": '"1"'})
    assert edited.json()["legal_basis"] is None
    problem(await adviser.give("send", edited.json()), 422, "incomplete-referral")


async def test_a_decline_may_suggest_a_better_service(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    referral = await desk.read((await sent_referral(platform, town))["id"])
    nowhere = {"reason": {"code": "not_eligible"}, "suggested_service_id": referral["id"]}
    problem(await desk.give("decline", referral, nowhere), 422, "unknown-service")
    wordy = {"reason": {"code": "no_capacity", "text": "words about the client"}}
    problem(await desk.give("decline", referral, wordy), 422, "invalid")
    problem(await desk.give("decline", referral, {"reason": {"code": "other"}}), 422, "invalid")
    better = {"reason": {"code": "not_eligible"}, "suggested_service_id": str(town.guidance)}
    await desk.done("decline", referral, better)
    seen = await adviser.read(referral["id"])
    assert seen["status"] == "rejected"
    assert seen["status_reason"] == {"code": "not_eligible", "text": None}
    assert seen["suggested_service"]["id"] == str(town.guidance)
    assert seen["commands"] == ["mark-error", "close"]


async def test_withdrawing_consent_ends_an_open_referral(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    accepted = await desk.done("accept", await desk.read((await sent_referral(platform, town))["id"]))
    told = {"withdrawal": {"told_by": "client", "told_on": "2026-11-03"}}
    problem(await desk.give("withdraw-consent", accepted, told), 403, "forbidden")
    withdrawn = await adviser.done("withdraw-consent", accepted, told)
    assert (withdrawn["status"], withdrawn["status_reason"]["code"]) == ("cancelled", "consent_withdrawn")
    assert withdrawn["withdrawal"] == {"told_by": "client", "told_on": "2026-11-03"}
    assert (await desk.read(accepted["id"]))["client"] is None


async def test_a_statute_can_not_be_withdrawn_like_a_consent(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    referral = await sent_referral(platform, town, legal_basis={"kind": "statute", "statute": "a section"})
    assert "withdraw-consent" not in referral["commands"]
    told = {"withdrawal": {"told_by": "client", "told_on": "2026-11-03"}}
    problem(await adviser.give("withdraw-consent", referral, told), 409, "no-consent")
    without_a_word = {"reason": {"code": "consent_withdrawn"}}
    problem(await adviser.give("cancel", referral, without_a_word), 422, "invalid")


async def test_days_to_come_are_refused(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    consent = {"kind": "consent", "consent": {"given_on": "2999-01-01", "how": "oral", "scope": "all"}}
    problem(await adviser.refer(new_referral(town, legal_basis=consent)), 422, "invalid")
    referral = await sent_referral(platform, town)
    told = {"withdrawal": {"told_by": "client", "told_on": "2999-01-01"}}
    problem(await adviser.give("withdraw-consent", referral, told), 422, "invalid")
    assert (await adviser.read(referral["id"]))["status"] == "requested"


async def test_messages_go_both_ways_and_raise_no_version(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    referral = await desk.read((await sent_referral(platform, town))["id"])
    path = f"/referrals/{referral['id']}/messages"
    asked = await desk.client.post(path, json={"text": "Which mornings?"})
    assert asked.status_code == 201
    answered = await adviser.client.post(path, json={"text": "Mondays, needs a ramp"})
    assert answered.status_code == 201
    assert (await adviser.read(referral["id"]))["version"] == referral["version"]
    texts = [(item["side"], item["text"]) for item in (await desk.client.get(path)).json()["contents"]]
    assert texts == [("source", "Mondays, needs a ramp"), ("target", "Which mornings?")]

    await desk.done("decline", referral, {"reason": {"code": "no_capacity"}})
    texts = [(item["side"], item["text"]) for item in (await desk.client.get(path)).json()["contents"]]
    assert texts == [("source", None), ("target", "Which mornings?")], "what the source wrote is gone for the target"
    await adviser.done("close", await adviser.read(referral["id"]))
    problem(await desk.client.post(path, json={"text": "late"}), 409, "illegal-command")


async def test_an_illegal_command_changes_nothing(platform: Platform) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    referral = await desk.read((await sent_referral(platform, town))["id"])
    before = await platform.published("referral")
    problem(await desk.give("start", referral), 409, "illegal-command")
    assert await desk.read(referral["id"]) == referral
    assert await platform.published("referral") == before


async def test_lists_are_pages_of_ones_own_boxes(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    made = [(await sent_referral(platform, town))["id"] for _ in range(5)]
    first = (await adviser.client.get("/referrals?box=sent&limit=2")).json()
    second = (await adviser.client.get(first["next"])).json()
    third = (await adviser.client.get(second["next"])).json()
    listed = [row["id"] for page in (first, second, third) for row in page["contents"]]
    assert listed == made[::-1]
    assert third["next"] is None
    assert (await adviser.client.get("/referrals?box=received")).json()["contents"] == []
    await desk.done("decline", await desk.read(made[0]), {"reason": {"code": "no_capacity"}})
    rejected = (await desk.client.get("/referrals?box=received&status=rejected")).json()["contents"]
    assert [row["id"] for row in rejected] == [made[0]]
    still_open = [row["id"] for row in (await adviser.client.get("/referrals?open=true")).json()["contents"]]
    assert made[0] in still_open, "answered, and the source has not looked"
    await adviser.done("close", await adviser.read(made[0]))
    still_open = [row["id"] for row in (await adviser.client.get("/referrals?open=true")).json()["contents"]]
    assert still_open == made[:0:-1]
    ended = [row["id"] for row in (await adviser.client.get("/referrals?open=false")).json()["contents"]]
    assert ended == [made[0]]


async def test_a_reference_that_is_taken_is_given_to_nobody_else(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    taken = (await adviser.refer(new_referral(town))).json()["reference"]
    chance = [taken, taken, taken]

    def tried(*, longer: bool = False) -> str:
        return chance.pop() if chance else new_reference(longer=longer)

    for module in (recipients, creation):
        monkeypatch.setattr(module, "new_reference", tried)
    answer = await adviser.refer(new_referral(town))
    assert answer.status_code == 201, answer.text
    assert answer.json()["reference"] != taken
    assert not chance


async def test_a_draft_is_given_another_client_and_another_service_of_the_same_organisation(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    other = await town.facts.service("advice-on-permits", town.business)
    await platform.settle()
    known = (await adviser.refer(new_referral(town, client={"language": "so", "name": "Toinen Asiakas"}))).json()
    draft = (await adviser.refer(new_referral(town, send=False))).json()
    change = {"client_id": known["client"]["id"], "service_id": str(other)}
    edited = await adviser.client.patch(f"/referrals/{draft['id']}", json=change, headers={"If-Match": '"1"'})
    assert edited.status_code == 200, edited.text
    shown = edited.json()
    assert (shown["client"]["id"], shown["language"]) == (known["client"]["id"], "so")
    assert shown["service"]["id"] == str(other)
    assert shown["legal_basis"]["kind"] == "consent", "the recipient is the same, so its legal basis holds"


async def test_a_draft_for_a_service_that_is_not_known_any_more_is_shown_all_the_same(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    draft = (await adviser.refer(new_referral(town, send=False))).json()
    async with platform.owners["referral"].transaction() as tx:
        await tx.execute(text("DELETE FROM services"))
    shown = await adviser.read(draft["id"])
    assert (shown["before_sending"], shown["service"]["name"]) == (None, None)


async def test_messages_and_the_overview_are_read_page_by_page(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    sent = await sent_referral(platform, town)
    await sent_referral(platform, town, client={"language": "so", "name": "Toinen Asiakas"})
    for number in range(3):
        answer = await adviser.client.post(f"/referrals/{sent['id']}/messages", json={"text": f"message {number}"})
        assert answer.status_code == 201
    first = (await adviser.client.get(f"/referrals/{sent['id']}/messages?limit=2")).json()
    second = (await adviser.client.get(first["next"])).json()
    texts = [message["text"] for page in (first, second) for message in page["contents"]]
    assert (texts, second["next"]) == (["message 2", "message 1", "message 0"], None)
    coordinator = at_work(platform, town.coordinator)
    first = (await coordinator.client.get("/overview/referrals?limit=1")).json()
    second = (await coordinator.client.get(first["next"])).json()
    assert [row["id"] for row in second["contents"]] == [sent["id"]]
