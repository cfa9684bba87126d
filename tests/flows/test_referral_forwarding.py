"""Forwarding: a referral is passed on, each organisation sees its part of the chain, and how it ends comes back."""

from typing import Any

from tests.chains import STATUTE, organizations_in_a_row
from tests.flows.notifications_story import notices, told
from tests.moved_clock import at, wait_until
from tests.platform import Platform
from tests.referring import CLIENT, CONSENT, JSON, SECRETS, at_work, new_referral, problem


def steps(chain: list[JSON]) -> list[tuple[str, str, str]]:
    """Source, target and status of each link, in short."""
    return [
        (link["source_organization"]["name"]["en"], link["target_organization"]["name"]["en"], link["status"])
        for link in chain
    ]


async def test_the_target_passes_a_referral_on_as_a_child_with_its_own_legal_basis(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin(urgency="urgent")
    desk = row.at(1)
    accepted = await desk.done("accept", await desk.read(first["id"]))
    assert "forward" in accepted["commands"]
    answer = await desk.give("forward", accepted, row.forward(2, legal_basis=STATUTE, shareable_note="evenings"))
    assert answer.status_code == 201, answer.text
    child = answer.json()
    assert answer.headers["Location"] == f"/referrals/{child['id']}"
    assert answer.headers["ETag"] == f'"{child["version"]}"'

    assert (child["side"], child["status"], child["urgency"], child["language"]) == (
        "source",
        "requested",
        "urgent",
        "ar",
    )
    assert child["reference"] != first["reference"]
    assert child["reason"] == "bakery plan, wants advice", "the parent's, where no other is given"
    assert (child["shareable_note"], child["private_note"]) == ("evenings", None)
    assert child["legal_basis"]["kind"] == "statute"
    assert child["legal_basis"]["recorded_by"] == str(row.people[1].id)
    assert child["source_member_id"] == str(row.people[1].id)
    assert child["client"]["name"] == CLIENT["name"]
    parent = await desk.read(first["id"])
    assert (parent["status"], parent["version"]) == ("accepted", accepted["version"] + 1)
    assert parent["legal_basis"]["kind"] == "consent"

    third = row.at(2)
    seen = await third.read(child["id"])
    assert (seen["client"], seen["reason"]) == (None, None)
    taken = await third.done("accept", seen)
    assert taken["client"]["name"] == CLIENT["name"]
    assert taken["reason"] == "bakery plan, wants advice"
    types = [event["type"] for event in await platform.published("referral")]
    assert types[-5:] == [
        f"referral.{name}.v1" for name in ("forwarded", "created", "sent", "first_viewed", "accepted")
    ]


async def test_a_reason_of_its_own_may_go_with_what_is_passed_on(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    child = await row.pass_on(await row.begin(), 1, reason="needs a course first", urgency="urgent")
    assert (child["reason"], child["urgency"]) == ("needs a course first", "urgent")


async def test_each_organisation_sees_its_part_of_the_chain(platform: Platform) -> None:
    row = await organizations_in_a_row(platform, 5)
    first = await row.begin()
    assert first["chain"] is None
    second = await row.pass_on(first, 1)
    third = await row.pass_on(second, 2)
    fourth = await row.pass_on(third, 3)
    assert [link["id"] for link in fourth["chain"]] == [third["id"], fourth["id"]], "whoever passes on is told at once"
    whole = [
        ("navigaattori (en)", "business kuopio (en)", "accepted"),
        ("business kuopio (en)", "further 2 (en)", "accepted"),
        ("further 2 (en)", "further 3 (en)", "accepted"),
        ("further 3 (en)", "further 4 (en)", "requested"),
    ]
    chain = (await row.at(0).read(first["id"]))["chain"]
    assert steps(chain) == whole, "who began it sees all of it"
    assert [link["id"] for link in chain] == [first["id"], second["id"], third["id"], fourth["id"]]
    assert [link["parent_id"] for link in chain] == [None, first["id"], second["id"], third["id"]]
    assert steps((await row.at(1).read(first["id"]))["chain"]) == whole
    assert steps((await row.at(1).read(second["id"]))["chain"]) == whole
    for referral in (second, third):
        middle = (await row.at(2).read(referral["id"]))["chain"]
        assert steps(middle) == whole[1:], "the middle sees its part"
        assert middle[0]["parent_id"] is None
        assert first["id"] not in str(middle)
        assert first["reference"] not in str(middle)
    assert steps((await row.at(3).read(fourth["id"]))["chain"]) == whole[2:]
    assert (await row.at(4).read(fourth["id"]))["chain"] is None, "the last sees its own"
    for secret in SECRETS:
        assert secret not in str(chain)


async def test_what_was_passed_on_opens_for_its_two_sides_alone(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    third = await row.pass_on(second, 2)
    for place, referral in ((0, second), (0, third), (1, third), (2, first), (3, first), (3, second)):
        problem(await row.at(place).client.get(f"/referrals/{referral['id']}"), 404, "not-found")
        problem(await row.at(place).client.get(f"/referrals/{referral['id']}/timeline"), 404, "not-found")
        problem(await row.at(place).give("cancel", referral), 404, "not-found")
    listed = (await row.at(0).client.get("/referrals?box=sent")).json()["contents"]
    assert [each["id"] for each in listed] == [first["id"]], "lists stay as they are"
    listed = (await row.at(1).client.get("/referrals?box=sent")).json()["contents"]
    assert [each["id"] for each in listed] == [second["id"]], "what a desk has passed on, it finds again"


async def test_an_adviser_of_the_middle_sees_what_its_desk_passed_on(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    adviser = await row.town.facts.member("adviser@businesskuopio.example", row.town.business, "adviser")
    await platform.settle()
    first = await row.begin()
    second = await row.pass_on(first, 1)
    assert (await at_work(platform, adviser).read(second["id"]))["side"] == "source"
    problem(await at_work(platform, adviser).client.get(f"/referrals/{first['id']}"), 404, "not-found")


async def test_a_repeated_forward_creates_no_second_child(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    desk = row.at(1)
    accepted = await desk.done("accept", await desk.read((await row.begin())["id"]))
    assert (await desk.give("forward", accepted, row.forward(2))).status_code == 201
    problem(await desk.give("forward", accepted, row.forward(2)), 412, "stale-version")
    path = f"/referrals/{accepted['id']}/forward"
    problem(await desk.client.post(path, json=row.forward(2)), 428, "precondition-required")
    assert await platform.scalar("referral", "SELECT count(*) FROM referrals WHERE parent_id IS NOT NULL") == 1


async def test_cycles_are_refused(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    desk = row.at(1)
    accepted = await desk.done("accept", await desk.read(first["id"]))
    before = await platform.published("referral")
    problem(await desk.give("forward", accepted, row.forward(0)), 422, "chain-cycle")
    problem(await desk.give("forward", accepted, row.forward(1)), 422, "own-service")
    assert await desk.read(first["id"]) == accepted, "nothing has changed"
    assert await platform.published("referral") == before

    child = await desk.give("forward", accepted, row.forward(2))
    third = row.at(2)
    taken = await third.done("accept", await third.read(child.json()["id"]))
    for place in (0, 1):
        problem(await third.give("forward", taken, row.forward(place)), 422, "chain-cycle")


async def test_a_chain_of_more_than_five_is_refused(platform: Platform) -> None:
    row = await organizations_in_a_row(platform, 8)
    referral = await row.begin()
    for place in range(1, 5):
        referral = await row.pass_on(referral, place)
    assert await platform.scalar("referral", "SELECT max(chain_depth) FROM referrals") == 5
    last = row.at(5)
    accepted = await last.done("accept", await last.read(referral["id"]))
    assert "forward" not in accepted["commands"]
    problem(await last.give("forward", accepted, row.forward(6)), 422, "chain-too-long")
    assert await platform.scalar("referral", "SELECT count(*) FROM referrals") == 5


async def test_what_forwarding_takes(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    adviser, desk = row.at(0), row.at(1)
    problem(await adviser.give("forward", first, row.forward(2)), 403, "forbidden")
    problem(await row.at(2).give("forward", first, row.forward(2)), 404, "not-found")
    requested = await desk.read(first["id"])
    problem(await desk.give("forward", requested, row.forward(2)), 409, "illegal-command")
    accepted = await desk.done("accept", requested)
    without_basis = problem(await desk.give("forward", accepted, row.forward(2, legal_basis=...)), 422, "invalid")
    assert [error["field"] for error in without_basis["errors"]] == ["legal_basis"]
    to_come: JSON = {"kind": "consent", "consent": {**CONSENT["consent"], "given_on": "2999-01-01"}}
    problem(await desk.give("forward", accepted, row.forward(2, legal_basis=to_come)), 422, "invalid")
    problem(await desk.give("forward", accepted, row.forward(2, service_id=first["id"])), 422, "unknown-service")
    empty = await row.town.facts.organization("nobody-there")
    nobody = await row.town.facts.service("empty-desk", empty)
    await platform.settle()
    problem(await desk.give("forward", accepted, row.forward(2, service_id=str(nobody))), 422, "no-desk")
    held = await desk.done("hold", accepted, {"reason": {"code": "missing_information"}})
    problem(await desk.give("forward", held, row.forward(2)), 409, "illegal-command")
    assert await platform.scalar("referral", "SELECT count(*) FROM referrals") == 1


async def test_after_a_decline_another_organisation_may_be_asked(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    declined = await row.pass_on(first, 1)
    await row.at(2).done("decline", await row.at(2).read(declined["id"]), {"reason": {"code": "no_capacity"}})
    desk = row.at(1)
    for to in (3, 2):
        answer = await desk.give("forward", await desk.read(first["id"]), row.forward(to))
        assert answer.status_code == 201, answer.text
    chain = (await row.at(0).read(first["id"]))["chain"]
    assert [(link["status"], link["reason_code"]) for link in chain[1:]] == [
        ("rejected", "no_capacity"),
        ("requested", None),
        ("requested", None),
    ]


async def test_the_outcome_of_a_child_comes_back_up_the_chain(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    third = await row.pass_on(second, 2)
    last = row.at(3)
    accepted = await last.done("accept", await last.read(third["id"]))
    await last.done("complete", accepted, {"outcome": {"code": "enrolled", "text": "owes the landlord"}})
    await platform.settle()

    chain = (await row.at(0).read(first["id"]))["chain"]
    assert [(link["status"], link["outcome_code"]) for link in chain] == [
        ("accepted", None),
        ("accepted", None),
        ("completed", "enrolled"),
    ]
    assert chain[-1]["completed_at"] is not None
    for place, referral in ((0, first), (1, first), (1, second), (2, second)):
        timeline = (await row.at(place).client.get(f"/referrals/{referral['id']}/timeline")).json()["contents"]
        ended = [item for item in timeline if item["reference"] != referral["reference"]]
        assert [(item["event_type"], item["reference"], item["outcome_code"]) for item in ended] == [
            ("referral.completed.v1", third["reference"], "enrolled")
        ]
        assert (ended[0]["side"], ended[0]["member_id"]) == (None, None)
        assert "landlord" not in str(timeline)

    at_middle = await row.at(2).read(third["id"])
    assert at_middle["outcome"] == {"code": "enrolled", "text": "owes the landlord"}
    completed = await row.at(2).done(
        "complete", await row.at(2).read(second["id"]), {"outcome": {"code": "referred_elsewhere"}}
    )
    assert completed["status"] == "completed", "completing stays the middle's own command"


async def test_the_first_adviser_is_told_of_what_was_passed_on_without_the_client(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    third = await row.pass_on(second, 2)
    last = row.at(3)
    await last.client.post(f"/referrals/{third['id']}/messages", json={"text": "needs a ramp"})
    accepted = await last.done("accept", await last.read(third["id"]))
    await last.done("complete", accepted, {"outcome": {"code": "enrolled"}})
    await platform.settle()

    heard = await told(platform, *row.people)
    assert heard[row.people[0].email] == [
        *("first_viewed", "accepted", "forwarded"),  # the first referral itself
        *("first_viewed", "accepted", "forwarded"),  # the second
        *("first_viewed", "accepted", "completed"),  # the third
    ]
    assert heard[row.people[1].email] == ["sent", "first_viewed", "accepted", "forwarded"]
    assert heard[row.people[2].email] == ["sent", "message_sent", "first_viewed", "accepted", "completed"]
    (completed, *_) = await notices(platform, row.people[0])
    assert completed["referral_id"] == first["id"]
    assert completed["reference"] == first["reference"]
    assert completed["link"] == f"http://localhost:8000/referrals/{first['id']}"
    assert completed["title"] == f"Ohjaus {first['reference']}: eteenpäin ohjattu asia on valmis"
    assert completed["body"].startswith("further 2 (fi) on ohjannut asian eteenpäin palveluun help 3 (fi).")
    assert third["reference"] not in str(completed)
    opened = await row.at(0).client.get(f"/referrals/{completed['referral_id']}")
    assert opened.status_code == 200, "the notice leads to what its reader can open"

    timeline = (await row.at(0).client.get(f"/referrals/{first['id']}/timeline")).json()["contents"]
    assert [told["side"] for told in timeline[-1]["told"] if told["channel"] == "inbox"] == ["source"]


async def test_ends_by_the_middle_are_told_to_the_first_adviser_too(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    desk = row.at(1)
    await desk.done("cancel", second, {"reason": {"code": "client_not_interested"}})
    again = await desk.give("forward", await desk.read(first["id"]), row.forward(3))
    await desk.done("mark-error", again.json(), {"reason": {"code": "other", "text": "the wrong person"}})
    await platform.settle()
    heard = await told(platform, row.people[0])
    assert heard[row.people[0].email][-3:] == ["cancelled", "forwarded", "marked_in_error"]


async def test_that_a_child_expired_comes_back_up_the_chain(platform: Platform) -> None:
    platform.clock.set(at("2027-01-11 10:00"))
    row = await organizations_in_a_row(platform, 3)
    first = await row.begin()
    child = await row.pass_on(first, 1)
    await wait_until(platform, "2027-01-15 10:00")
    await wait_until(platform, "2027-01-26 10:00")
    heard = await told(platform, *row.people)
    assert heard[row.people[0].email][-1] == "expired"
    assert heard[row.people[1].email][-1] == "expired"
    assert "expired" not in heard[row.people[2].email]
    (notice, *_) = await notices(platform, row.people[0])
    assert (notice["event_type"], notice["referral_id"]) == ("referral.expired.v1", first["id"])
    for place in (0, 1):
        timeline = (await row.at(place).client.get(f"/referrals/{first['id']}/timeline")).json()["contents"]
        (ended,) = [item for item in timeline if item["reference"] == child["reference"]]
        assert (ended["event_type"], ended["status"]) == ("referral.expired.v1", "cancelled")


async def test_no_event_of_a_chain_holds_anything_personal(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    await row.pass_on(await row.pass_on(await row.begin(), 1, reason="owes the landlord"), 2)
    events = str(await platform.published("referral"))
    assert "parent_id" in events
    for secret in SECRETS:
        assert secret not in events


async def test_the_middle_knows_the_client_no_longer_than_its_own_referral_lets_it(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    desk, third = row.at(1), row.at(2)
    taken = await third.done("accept", await third.read(second["id"]))
    await third.client.post(f"/referrals/{second['id']}/messages", json={"text": "Esimerkki came today"})
    adviser = row.at(0)
    await adviser.done("cancel", await adviser.read(first["id"]), {"reason": {"code": "other", "text": "moved"}})

    seen = await desk.read(second["id"])
    assert (seen["client"], seen["reason"]) == (None, None)
    assert seen["legal_basis"]["kind"] == "consent", "what it recorded itself, it can still answer for"
    messages = (await desk.client.get(f"/referrals/{second['id']}/messages")).json()["contents"]
    assert [message["text"] for message in messages] == [None]
    held = await third.done("hold", taken, {"reason": {"code": "other", "text": "Esimerkki is ill"}})
    assert (await desk.read(second["id"]))["status_reason"] == {"code": "other", "text": None}
    done = await third.done("complete", held, {"outcome": {"code": "enrolled", "text": "Esimerkki learns"}})
    assert (await desk.read(second["id"]))["outcome"] == {"code": "enrolled", "text": None}
    assert done["client"]["name"] == CLIENT["name"], "the child rests on a legal basis of its own"

    for search in ({"reference": second["reference"]}, {"name": CLIENT["name"]}):
        found = await at_work(platform, row.town.bystander).client.post("/clients/search", json=search)
        assert found.json()["contents"] == []


async def test_the_middle_can_not_take_the_client_for_its_own(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    both = await row.town.facts.member("both@businesskuopio.example", row.town.business, "adviser", "recipient")
    await platform.settle()
    second = await row.pass_on(await row.begin(), 1)
    own = at_work(platform, both)
    again = new_referral(row.town, service_id=str(row.services[2]), client=..., client_id=second["client"]["id"])
    problem(await own.refer(again), 422, "unknown-client")
    found = await own.client.post("/clients/search", json={"reference": second["reference"]})
    assert found.json()["contents"] == []


async def test_showing_the_client_of_a_child_is_written_down(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    second = await row.pass_on(await row.begin(), 1)
    await row.at(1).read(second["id"])
    query = "SELECT count(*) FROM disclosures WHERE referral_id = :id AND member_id = :who"
    shown: dict[str, Any] = {"id": second["id"], "who": row.people[1].id}
    assert await platform.scalar("referral", query, **shown) == 2, "when it was passed on, and when it was read"


async def test_the_heir_of_the_first_adviser_is_told_of_the_chain(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    await row.town.facts.deactivate(row.town.adviser, deputy=row.town.colleague)
    await platform.settle()
    query = "SELECT first_source_member_id FROM referrals WHERE id = :id"
    assert await platform.scalar("referral", query, id=second["id"]) == row.town.colleague.id
    version = "SELECT version FROM referrals WHERE id = :id"
    assert await platform.scalar("referral", version, id=second["id"]) == second["version"], "nobody else's changed"
    await row.at(2).done("decline", await row.at(2).read(second["id"]), {"reason": {"code": "no_capacity"}})
    await platform.settle()
    heard = await told(platform, row.town.colleague)
    assert heard[row.town.colleague.email][-2:] == ["first_viewed", "declined"]


async def test_a_child_in_fhir_names_its_parent_to_whoever_passed_it_on(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    second = await row.pass_on(first, 1)
    path = f"/referrals/{second['id']}/fhir"
    by_source = (await row.at(1).client.get(path)).json()
    (task,) = [each["resource"] for each in by_source["entry"] if each["resource"]["resourceType"] == "Task"]
    assert task["partOf"] == [{"reference": f"Task/{first['id']}", "type": "Task"}]
    by_target = await row.at(2).client.get(path)
    assert by_target.status_code == 200
    assert first["id"] not in by_target.text


async def test_whoever_goes_away_hands_what_a_desk_passed_on_to_another_of_the_desk(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    second = await row.pass_on(await row.begin(), 1)
    other = await row.town.facts.member("other@businesskuopio.example", row.town.business, "recipient")
    await platform.settle()
    handed = await row.at(1).client.post("/handover", json={"to": str(other.id)})
    assert handed.status_code == 200, handed.text
    assert (await at_work(platform, other).read(second["id"]))["source_member_id"] == str(other.id)


async def test_whoever_began_hands_the_chain_over_with_the_referral(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    second = await row.pass_on(await row.begin(), 1)
    handed = await row.at(0).client.post("/handover", json={"to": str(row.town.colleague.id)})
    assert handed.status_code == 200, handed.text
    query = "SELECT first_source_member_id FROM referrals WHERE id = :id"
    assert await platform.scalar("referral", query, id=second["id"]) == row.town.colleague.id
    await row.at(2).done("accept", await row.at(2).read(second["id"]))
    await platform.settle()
    heard = await told(platform, row.town.colleague, row.town.adviser)
    assert heard[row.town.colleague.email][-2:] == ["first_viewed", "accepted"]
    assert heard[row.town.adviser.email] == ["first_viewed", "accepted", "forwarded"], "no more of what is not theirs"
