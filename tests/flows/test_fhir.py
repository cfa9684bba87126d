"""A referral as FHIR R4: valid in every state for either side, verbatim in its status, silent about the client."""

from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from services.referral.domain.lifecycle import OPEN, Outcome, Reason, Status
from services.referral.fhir.bundle import MEDIA_TYPE
from services.referral.fhir.codes import OUTCOMES, REASONS, REQUEST_STATUS
from tests.builders import Town, small_town
from tests.chains import organizations_in_a_row
from tests.platform import Platform
from tests.referring import CLIENT, SECRETS, at_work, new_referral, problem

JSON = dict[str, Any]
NO_ROOM = {"reason": {"code": "no_capacity"}}
UNREACHED = {"reason": {"code": "could_not_contact", "text": "rang twice"}}
DONE = {"outcome": {"code": "enrolled", "text": "begins on Monday"}}
PATHS: dict[Status, list[tuple[str, str, JSON]]] = {
    Status.DRAFT: [],
    Status.REQUESTED: [],
    Status.ACCEPTED: [("desk", "accept", {})],
    Status.REJECTED: [("desk", "decline", NO_ROOM)],
    Status.IN_PROGRESS: [("desk", "accept", {}), ("desk", "start", {})],
    Status.ON_HOLD: [("desk", "accept", {}), ("desk", "hold", UNREACHED)],
    Status.COMPLETED: [("desk", "accept", {}), ("desk", "complete", DONE)],
    Status.FAILED: [("desk", "accept", {}), ("desk", "fail", UNREACHED)],
    Status.CANCELLED: [("adviser", "cancel", {"reason": {"code": "client_not_interested"}})],
    Status.ENTERED_IN_ERROR: [("adviser", "mark-error", {"reason": {"code": "other", "text": "the wrong client"}})],
}
"""How a referral gets into each state: who gives which command."""


async def in_status(platform: Platform, town: Town, status: Status) -> JSON:
    """A referral in `status`, as its source sees it."""
    people = {"adviser": at_work(platform, town.adviser), "desk": at_work(platform, town.desk)}
    made = await people["adviser"].refer(new_referral(town, send=status is not Status.DRAFT))
    assert made.status_code == 201, made.text
    for who, command, carried in PATHS[status]:
        await people[who].done(command, await people[who].read(made.json()["id"]), carried)
    return await people["adviser"].read(made.json()["id"])


async def fetch(platform: Platform, who: Any, referral: JSON) -> JSON:
    """The bundle as `who` gets it, after a real FHIR library has found nothing wrong with it."""
    answer = await at_work(platform, who).client.get(f"/referrals/{referral['id']}/fhir")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    found: JSON = answer.json()
    Bundle.model_validate(found)
    assert answer.headers["ETag"].startswith(f'"{found["meta"]["versionId"]}-')
    return found


def one(bundle: JSON, kind: str) -> JSON:
    """The one resource of that kind."""
    (found,) = (entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind)
    return dict(found)


@pytest.mark.parametrize("status", list(Status))
async def test_every_state_is_valid_fhir_and_verbatim_for_both_sides(platform: Platform, status: Status) -> None:
    town = await small_town(platform)
    referral = await in_status(platform, town, status)
    sides = [town.adviser] if status is Status.DRAFT else [town.adviser, town.desk]
    for who in sides:
        bundle = await fetch(platform, who, referral)
        task, request = one(bundle, "Task"), one(bundle, "ServiceRequest")
        assert task["status"] == status
        assert request["status"] == REQUEST_STATUS[status]
        assert (task["intent"], request["intent"]) == ("order", "order")
        assert (task["id"], task["identifier"][0]["value"]) == (referral["id"], referral["reference"])
        assert request["priority"] == task["priority"] == "routine"
        ended_badly = status not in OPEN and status is not Status.COMPLETED
        assert ("statusReason" in task) == (ended_badly or status is Status.ON_HOLD)
        known = {entry["fullUrl"] for entry in bundle["entry"]}
        assert task["focus"]["reference"] == f"urn:uuid:{request['id']}"
        assert {task["focus"]["reference"], task["owner"]["reference"], task["requester"]["reference"]} <= known
        assert request["requester"] == task["requester"]
        assert request["performer"] == [task["owner"]]


async def test_the_client_is_a_reference_and_only_for_who_may_know(platform: Platform) -> None:
    town = await small_town(platform)
    waiting = await in_status(platform, town, Status.REQUESTED)
    by_id = {"reference": f"Patient/{waiting['client']['id']}", "type": "Patient"}
    by_reference = {
        "type": "Patient",
        "identifier": {"system": "urn:luotsi:reference", "value": waiting["reference"]},
    }
    before = await fetch(platform, town.desk, waiting)
    assert one(before, "Task")["for"] == one(before, "ServiceRequest")["subject"] == by_reference
    assert waiting["client"]["id"] not in str(before)
    assert not [secret for secret in SECRETS if secret in str(before)]
    assert one(before, "ServiceRequest")["note"] == [{"text": "mornings only"}]
    assert "reasonCode" not in one(before, "ServiceRequest")

    own = await fetch(platform, town.adviser, waiting)
    assert one(own, "Task")["for"] == by_id
    assert one(own, "ServiceRequest")["reasonCode"] == [{"text": "bakery plan, wants advice"}]

    desk = at_work(platform, town.desk)
    accepted = await desk.done("accept", await desk.read(waiting["id"]))
    during = await fetch(platform, town.desk, accepted)
    assert one(during, "Task")["for"] == by_id
    for told in (own, during):
        assert not [each for each in (CLIENT["name"], CLIENT["email"], "765", "landlord") if each in str(told)]
    adviser = at_work(platform, town.adviser)
    await adviser.done(
        "cancel", await adviser.read(waiting["id"]), {"reason": {"code": "other", "text": "bakery plan"}}
    )
    after = await fetch(platform, town.desk, waiting)
    assert one(after, "Task")["for"] == by_reference
    assert one(after, "Task")["statusReason"]["text"] == REASONS[one_code(after)]
    assert "bakery" not in str(after)


def one_code(bundle: JSON) -> Any:
    """The code of why the status is what it is."""
    return one(bundle, "Task")["statusReason"]["coding"][0]["code"]


async def test_reading_as_fhir_is_reading(platform: Platform) -> None:
    town = await small_town(platform)
    sent = await in_status(platform, town, Status.REQUESTED)
    logged = "SELECT count(*) FROM disclosures WHERE occasion = 'fhir'"
    seen = await fetch(platform, town.desk, sent)
    assert seen["meta"]["versionId"] == str(sent["version"] + 1), "the first look is noted"
    assert one(seen, "Task")["businessStatus"]["coding"][0]["code"] == "viewed"
    assert await platform.scalar("referral", logged) == 0, "nothing about the client was shown"
    await fetch(platform, town.adviser, sent)
    assert await platform.scalar("referral", logged) == 1
    url = f"/referrals/{sent['id']}/fhir"
    problem(await at_work(platform, town.bystander).client.get(url), 404, "not-found")
    problem(await at_work(platform, town.coordinator).client.get(url), 404, "not-found")
    draft = await in_status(platform, town, Status.DRAFT)
    problem(await at_work(platform, town.desk).client.get(f"/referrals/{draft['id']}/fhir"), 404, "not-found")


async def test_outcome_suggestion_and_closing_are_told(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    done = await in_status(platform, town, Status.COMPLETED)
    closed = await adviser.done("close", done)
    task = one(await fetch(platform, town.adviser, closed), "Task")
    assert task["businessStatus"]["coding"][0]["code"] == "closed"
    (outcome,) = task["output"]
    assert outcome["valueCodeableConcept"]["coding"][0]["code"] == "enrolled"
    assert outcome["valueCodeableConcept"]["text"] == "begins on Monday"

    other = await in_status(platform, town, Status.REQUESTED)
    better = {"reason": {"code": "not_eligible"}, "suggested_service_id": str(town.guidance)}
    await desk.done("decline", await desk.read(other["id"]), better)
    task = one(await fetch(platform, town.adviser, other), "Task")
    assert task["output"][0]["valueCodeableConcept"]["coding"][0]["code"] == str(town.guidance)
    assert task["statusReason"]["text"] == "The service is not meant for this client"


async def test_organisations_and_services_are_named_in_three_languages(platform: Platform) -> None:
    town = await small_town(platform)
    bundle = await fetch(platform, town.adviser, await in_status(platform, town, Status.REQUESTED))
    organizations = [entry["resource"] for entry in bundle["entry"][2:]]
    slugs = {each["identifier"][0]["value"]: each["id"] for each in organizations}
    assert slugs == {"navigaattori": str(town.navigaattori), "business-kuopio": str(town.business)}
    code = one(bundle, "ServiceRequest")["code"]
    assert code["coding"] == [{"system": "urn:luotsi:service", "code": str(town.advice)}]
    assert code["text"].endswith("(fi)")
    assert [each["extension"][0]["valueCode"] for each in code["_text"]["extension"]] == ["sv", "en"]


async def test_a_client_who_is_reached_through_the_adviser_is_flagged_once_known(platform: Platform) -> None:
    town = await small_town(platform)
    hidden = {"language": "fa", "contact_via": "adviser"}
    sent = (await at_work(platform, town.adviser).refer(new_referral(town, client=hidden))).json()
    flag = one(await fetch(platform, town.adviser, sent), "ServiceRequest")["orderDetail"][0]["coding"][0]["code"]
    assert flag == "contacting-subject-prohibited"
    assert "orderDetail" not in one(await fetch(platform, town.desk, sent), "ServiceRequest")


def test_every_code_has_words() -> None:
    assert set(REQUEST_STATUS) == set(Status)
    assert set(REASONS) == set(Reason)
    assert set(OUTCOMES) == set(Outcome)


async def test_what_was_passed_on_names_its_parent_to_who_was_sent_that(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    child = await row.pass_on(first, 1)
    above = await fetch(platform, row.people[1], first)
    assert not {"basedOn", "partOf"} & (one(above, "Task").keys() | one(above, "ServiceRequest").keys())
    for who, knows in ((row.people[1], True), (row.people[2], False)):
        bundle = await fetch(platform, who, child)
        task, request = one(bundle, "Task"), one(bundle, "ServiceRequest")
        if knows:
            assert task["partOf"] == [{"reference": f"Task/{one(above, 'Task')['id']}", "type": "Task"}]
            parent = {"reference": f"ServiceRequest/{one(above, 'ServiceRequest')['id']}", "type": "ServiceRequest"}
            assert task["basedOn"] == request["basedOn"] == [parent]
        else:
            assert not {"basedOn", "partOf"} & (task.keys() | request.keys())
            assert not [known for known in (first["id"], first["reference"]) if known in str(bundle)]
