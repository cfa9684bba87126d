"""The first chapters: three referrals that are answered in time, one of them by somebody else than was asked."""

from luotsi.demo.people import ADVISER, BUSINESS_DESK, JSON, TALENT_DESK
from luotsi.demo.stage import Stage, made_up_person


async def advice_for_a_founder(stage: Stage) -> None:
    """A client wants to start a business: found, referred, accepted, begun, completed, acknowledged."""
    client = made_up_person() | {"phone": "+358 40 000 1234"}
    request = {
        "client": client,
        "reason": "Wants to open a bakery and asks which permits that takes.",
        "shareable_note": "Is free in the mornings.",
        "private_note": "Came with a friend who interpreted.",
        "scope": "Name, contact and the plan, to the advisers of Business Kuopio.",
    }
    service = await stage.find_service(ADVISER, "yritystoiminta", "entrepreneurs", "business-kuopio")
    await stage.refer(ADVISER, "first", service, request, event="referral.sent.v1")
    before = await stage.read(BUSINESS_DESK, "first", event="referral.first_viewed.v1")
    after = await stage.do(BUSINESS_DESK, "first", "accept", event="referral.accepted.v1")
    await stage.do(BUSINESS_DESK, "first", "start", event="referral.started.v1")
    outcome = {"outcome": {"code": "services_received", "text": "Two meetings, a plan for the first year."}}
    await stage.do(BUSINESS_DESK, "first", "complete", event="referral.completed.v1", body=outcome)
    await stage.do(ADVISER, "first", "close", event="referral.closed.v1")
    stage.check(
        "The desk learns who the client is by accepting, not before",
        before["client"] is None and before["reason"] is None and after["client"]["name"] == client["name"],
        f"before accepting the desk saw {before['client']!r}, afterwards {after['client']!r}",
    )


async def work_found_elsewhere(stage: Stage) -> None:
    """Another client looks for work: the Talent Hub is full and suggests a service, where it works out."""
    await _suggested(stage, await _declined(stage))


async def _declined(stage: Stage) -> JSON:
    """The Talent Hub declines, and suggests a service. Returns the `client`, and the `suggested` service."""
    client = made_up_person() | {"phone": "+358 40 000 5678"}
    request = {
        "client": client,
        "reason": "A laboratory analyst who looks for work in her own field.",
        "scope": "Name, contact and education, to the Talent Hub.",
    }
    service = await stage.find_service(ADVISER, "osaaja työ", "jobseekers", "north-savo-talent-hub")
    await stage.refer(ADVISER, "second", service, request, event="referral.sent.v1")
    await stage.read(TALENT_DESK, "second", event="referral.first_viewed.v1")
    better = await stage.find_service(TALENT_DESK, "international jobs", "jobseekers", "business-kuopio")
    decline = {"reason": {"code": "no_capacity"}, "suggested_service_id": better["id"]}
    declined = await stage.do(TALENT_DESK, "second", "decline", event="referral.declined.v1", body=decline)
    stage.check(
        "A desk that declines never learns who the client is",
        declined["client"] is None and declined["reason"] is None,
        f"after declining the desk saw {declined['client']!r}",
    )
    return {"client": client, "suggested": better}


async def _suggested(stage: Stage, known: JSON) -> None:
    """The adviser reads the suggestion, finds the same client again, and refers to the suggested service."""
    declined = await stage.read(ADVISER, "second")
    suggested = known["suggested"]
    stage.check(
        "The adviser sees why it was declined, and what is suggested instead",
        declined["status_reason"]["code"] == "no_capacity" and declined["suggested_service"]["id"] == suggested["id"],
        f"the adviser saw {declined['status_reason']!r} and {declined['suggested_service']!r}",
    )
    client = await stage.find_client(ADVISER, name=known["client"]["name"], email=known["client"]["email"])
    stage.check(
        "A client is found again, and is the same one",
        client["id"] == declined["client"]["id"],
        f"the search found {client['id']}, the referral was for {declined['client']['id']}",
    )
    request = {
        "client_id": client["id"],
        "reason": "A laboratory analyst; the Talent Hub had no room for her.",
        "scope": "Name, contact and education, to Business Kuopio.",
    }
    service = await stage.look_at_service(ADVISER, declined["suggested_service"]["id"])
    await stage.refer(ADVISER, "third", service, request, event="referral.sent.v1")
    await stage.do(ADVISER, "second", "close", event="referral.closed.v1")
    await stage.read(BUSINESS_DESK, "third", event="referral.first_viewed.v1")
    await stage.do(BUSINESS_DESK, "third", "accept", event="referral.accepted.v1")
    await stage.do(BUSINESS_DESK, "third", "start", event="referral.started.v1")
    outcome = {"outcome": {"code": "enrolled", "text": "Begins at a company of the health cluster in January."}}
    await stage.do(BUSINESS_DESK, "third", "complete", event="referral.completed.v1", body=outcome)
    await stage.do(ADVISER, "third", "close", event="referral.closed.v1")
