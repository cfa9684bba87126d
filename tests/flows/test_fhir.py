"""A referral as FHIR R4: valid in every state for either side, verbatim in its status, silent about the client."""

import re
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from services.referral.domain.lifecycle import OPEN, Outcome, Reason, Status
from services.referral.fhir.bundle import MEDIA_TYPE, Beside, bundle
from services.referral.fhir.codes import GRAVITY_CODES, OUTCOMES, REASONS, REQUEST_STATUS
from services.referral.schemas.referrals import ReferralView
from tests.builders import Town, small_town
from tests.chains import STATUTE, WITHDRAWAL, organizations_in_a_row
from tests.moved_clock import at, wait_until
from tests.platform import Platform
from tests.referring import CLIENT, CONSENT, SECRETS, at_work, new_referral, problem

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


def every(bundle: JSON, kind: str) -> list[JSON]:
    """The resources of that kind."""
    return [dict(entry["resource"]) for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def one(bundle: JSON, kind: str) -> JSON:
    """The one resource of that kind."""
    (found,) = every(bundle, kind)
    return found


@pytest.mark.parametrize("status", list(Status))
async def test_every_state_is_valid_fhir_and_verbatim_for_both_sides(platform: Platform, status: Status) -> None:
    town = await small_town(platform)
    referral = await in_status(platform, town, status)
    sides = [town.adviser] if status is Status.DRAFT else [town.adviser, town.desk]
    for who in sides:
        bundle = await fetch(platform, who, referral)
        task, request = one(bundle, "Task"), one(bundle, "ServiceRequest")
        assert task["status"] == status
        assert request["status"] == ("revoked" if status is Status.CANCELLED else REQUEST_STATUS[status])
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
    organizations = every(bundle, "Organization")
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
    (flag,) = one(await fetch(platform, town.adviser, sent), "ServiceRequest")["orderDetail"]
    assert (flag["coding"][0]["system"], flag["coding"][0]["code"]) == ("urn:luotsi:contact", "through-adviser")
    assert "prohibited" not in str(flag), "a client without a telephone has refused nothing"
    assert "orderDetail" not in one(await fetch(platform, town.desk, sent), "ServiceRequest")


@pytest.mark.parametrize(
    ("path", "before_closing"),
    [
        ([("desk", "decline", NO_ROOM)], "active"),
        ([("desk", "cancel", UNREACHED)], "active"),
        ([("desk", "accept", {}), ("desk", "cancel", UNREACHED)], "active"),
        ([("desk", "accept", {}), ("desk", "fail", UNREACHED)], "active"),
        ([("adviser", "cancel", UNREACHED)], "revoked"),
        ([("desk", "accept", {}), ("adviser", "withdraw-consent", WITHDRAWAL)], "revoked"),
        ([("desk", "accept", {}), ("desk", "complete", DONE)], "completed"),
    ],
)
async def test_revoked_is_the_word_of_the_source(
    platform: Platform, path: list[tuple[str, str, JSON]], before_closing: str
) -> None:
    town = await small_town(platform)
    people = {"adviser": at_work(platform, town.adviser), "desk": at_work(platform, town.desk)}
    sent = (await people["adviser"].refer(new_referral(town))).json()
    for who, command, carried in path:
        await people[who].done(command, await people[who].read(sent["id"]), carried)
    closed_later = "completed" if before_closing == "completed" else "revoked"
    for someone in (town.adviser, town.desk):
        assert one(await fetch(platform, someone, sent), "ServiceRequest")["status"] == before_closing
    await people["adviser"].done("close", await people["adviser"].read(sent["id"]))
    bundle = await fetch(platform, town.adviser, sent)
    assert one(bundle, "ServiceRequest")["status"] == closed_later, "closing, the source says that it is over"
    assert one(bundle, "Task")["statusReason" if before_closing != "completed" else "output"]


async def test_that_nobody_answered_leaves_the_request_standing(platform: Platform) -> None:
    platform.clock.set(at("2027-01-11 10:00"))
    town = await small_town(platform)
    sent = (await at_work(platform, town.adviser).refer(new_referral(town))).json()
    await wait_until(platform, "2027-01-26 10:00")
    bundle = await fetch(platform, town.adviser, sent)
    assert one(bundle, "Task")["businessStatus"]["coding"][0]["code"] == "expired"
    assert (one(bundle, "Task")["status"], one(bundle, "ServiceRequest")["status"]) == ("cancelled", "active")


@pytest.mark.parametrize("status", list(Status))
async def test_every_instant_has_milliseconds_and_is_in_utc(platform: Platform, status: Status) -> None:
    town = await small_town(platform)
    text = str(await fetch(platform, town.adviser, await in_status(platform, town, status)))
    moments = re.findall(r"\d{4}-\d\d-\d\dT[^']*", text)
    assert len(moments) >= 6
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment) for moment in moments), moments


async def test_when_an_answer_is_due_and_when_the_work_was_done(platform: Platform) -> None:
    town = await small_town(platform)
    draft = one(await fetch(platform, town.adviser, await in_status(platform, town, Status.DRAFT)), "Task")
    assert not {"restriction", "executionPeriod"} & draft.keys()
    sent = await in_status(platform, town, Status.REQUESTED)
    waiting = one(await fetch(platform, town.adviser, sent), "Task")
    assert "executionPeriod" not in waiting
    assert waiting["restriction"]["period"]["start"] == waiting["authoredOn"]
    assert waiting["restriction"]["period"]["end"].startswith(sent["respond_by"][:19])
    for status, ends in ((Status.ACCEPTED, False), (Status.ON_HOLD, False), (Status.COMPLETED, True)):
        worked = one(await fetch(platform, town.desk, await in_status(platform, town, status)), "Task")
        assert ("end" in worked["executionPeriod"]) == ends
        assert worked["executionPeriod"]["start"] >= worked["authoredOn"]


async def test_the_consent_is_there_for_who_may_know_what_the_referral_rests_on(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    sent = await in_status(platform, town, Status.REQUESTED)
    own = await fetch(platform, town.adviser, sent)
    consent = one(own, "Consent")
    assert one(own, "ServiceRequest")["supportingInfo"] == [
        {"reference": f"urn:uuid:{consent['id']}", "type": "Consent"}
    ]
    assert (consent["status"], consent["dateTime"]) == ("active", CONSENT["consent"]["given_on"])
    assert consent["policyRule"]["text"] == CONSENT["consent"]["scope"]
    assert consent["category"][1]["coding"][0]["code"] == "oral"
    assert consent["provision"]["actor"][0]["reference"]["reference"] == f"urn:uuid:{town.business}"
    assert consent["organization"][0]["reference"] == f"urn:uuid:{town.navigaattori}"
    hidden = await fetch(platform, town.desk, sent)
    assert every(hidden, "Consent") == []
    assert "supportingInfo" not in one(hidden, "ServiceRequest")

    accepted = await desk.done("accept", await desk.read(sent["id"]))
    assert one(await fetch(platform, town.desk, accepted), "Consent") == {
        **consent,
        "meta": (await fetch(platform, town.desk, accepted))["meta"],
    }
    await adviser.done("withdraw-consent", await adviser.read(sent["id"]), WITHDRAWAL)
    assert one(await fetch(platform, town.adviser, sent), "Consent")["status"] == "inactive"
    assert every(await fetch(platform, town.desk, sent), "Consent") == []
    mistaken = await in_status(platform, town, Status.ENTERED_IN_ERROR)
    assert one(await fetch(platform, town.adviser, mistaken), "Consent")["status"] == "entered-in-error"
    by_law = (await adviser.refer(new_referral(town, legal_basis=STATUTE))).json()
    assert every(await fetch(platform, town.adviser, by_law), "Consent") == []


@pytest.mark.parametrize("code", list(Outcome))
async def test_outcomes_of_enrolment_are_told_in_gravity_s_codes_too(platform: Platform, code: Outcome) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    accepted = await in_status(platform, town, Status.ACCEPTED)
    done = await desk.done("complete", await desk.read(accepted["id"]), {"outcome": {"code": code}})
    (output,) = one(await fetch(platform, town.desk, done), "Task")["output"]
    own, *gravity = output["valueCodeableConcept"]["coding"]
    assert own["code"] == code
    expected = {"enrolled": "enrolled", "not_enrolled": "not-enrolled", "waitlisted": "not-enrolled-on-waitlist"}
    assert [each["code"] for each in gravity] == [expected[known] for known in expected if known == code]
    assert all(each["system"] == GRAVITY_CODES for each in gravity)


async def test_organisations_say_whether_they_are_active_and_requests_are_of_a_category(platform: Platform) -> None:
    town = await small_town(platform)
    sent = await in_status(platform, town, Status.REQUESTED)
    bundle = await fetch(platform, town.adviser, sent)
    assert [each["active"] for each in every(bundle, "Organization")] == [True, True]
    (category,) = one(bundle, "ServiceRequest")["category"]
    assert category["coding"][0]["code"] == "sdoh-category-unspecified"
    await town.facts.organization("business-kuopio", organization_id=town.business, active=False)
    await platform.settle()
    active = {each["id"]: each["active"] for each in every(await fetch(platform, town.adviser, sent), "Organization")}
    assert active == {str(town.navigaattori): True, str(town.business): False}


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


async def test_texts_of_older_versions_hold_nothing_that_fhir_cannot(platform: Platform) -> None:
    town = await small_town(platform)
    seen = await in_status(platform, town, Status.REQUESTED)
    found = bundle(ReferralView.model_validate({**seen, "reason": "first\x0bsecond\nthird"}), Beside({}))
    Bundle.model_validate(found)
    assert every(found, "ServiceRequest")[0]["reasonCode"] == [{"text": "first\ufffdsecond\nthird"}]
