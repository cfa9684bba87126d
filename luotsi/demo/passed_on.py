"""A chapter: a desk passes a client on to a third organisation, and the client takes the consent back."""

from datetime import UTC, datetime

from luotsi.demo.people import ADVISER, BUSINESS_DESK, TALENT_DESK, Person
from luotsi.demo.record import Which
from luotsi.demo.stage import Stage, made_up_person


async def passed_on_and_withdrawn(stage: Stage) -> None:
    """Business Kuopio passes the client on to the Talent Hub; then the client wants none of it any more."""
    request = {
        "client": made_up_person() | {"phone": "+358 40 000 9012"},
        "reason": "A nurse who first thought of a business of her own, and would rather be employed.",
        "scope": "Name, contact and plans, to Business Kuopio.",
    }
    service = await stage.find_service(ADVISER, "yritystoiminta", "entrepreneurs", "business-kuopio")
    await stage.refer(ADVISER, "fourth", service, request, event="referral.sent.v1")
    await stage.read(BUSINESS_DESK, "fourth", event="referral.first_viewed.v1")
    await stage.do(BUSINESS_DESK, "fourth", "accept", event="referral.accepted.v1")
    hub = await stage.find_service(BUSINESS_DESK, "osaaja työ", "jobseekers", "north-savo-talent-hub")
    scope = "Name, contact and education, to the Talent Hub."
    await stage.forward(BUSINESS_DESK, "fourth", "fifth", hub, scope, event="referral.forwarded.v1")
    await stage.read(TALENT_DESK, "fifth", event="referral.first_viewed.v1")
    accepted = await stage.do(TALENT_DESK, "fifth", "accept", event="referral.accepted.v1")
    chain = (await stage.read(ADVISER, "fourth"))["chain"]
    stage.check(
        "The adviser sees the whole chain, and the end of it sees only itself",
        [link["status"] for link in chain] == ["accepted", "accepted"] and accepted["chain"] is None,
        f"the adviser saw {chain!r}, the Talent Hub {accepted['chain']!r}",
    )
    await _take_back(stage)


async def _take_back(stage: Stage) -> None:
    """The adviser looks at what rests on the consent, and ends all of it."""
    references = [stage.record.referrals[which]["reference"] for which in ("fourth", "fifth")]
    resting = await stage.look_at_withdrawal(ADVISER, "fourth")
    stage.check(
        "Before withdrawing, the adviser sees what rests on the consent and who has seen the client's data",
        len(resting["rests"]) == 2 and {seen["reference"] for seen in resting["seen_by"]} == {*references},
        f"the adviser saw {resting!r}",
    )
    withdrawal = {"withdrawal": {"told_by": "client", "told_on": datetime.now(UTC).date().isoformat()}}
    await stage.do(
        ADVISER, "fourth", "withdraw-consent", event="referral.consent_withdrawn.v1", body=withdrawal, too="fifth"
    )
    told: tuple[tuple[Person, Which], ...] = ((BUSINESS_DESK, "fourth"), (TALENT_DESK, "fifth"))
    for desk, which in told:
        after = await stage.read(desk, which)
        stage.check(
            f"Once the consent is withdrawn, {desk.email} no longer sees who the client is",
            after["client"] is None and after["status"] == "cancelled",
            f"the referral is {after['status']}, and shows {after['client']!r}",
        )
    await stage.do(ADVISER, "fourth", "close", event="referral.closed.v1")
    await stage.do(BUSINESS_DESK, "fifth", "close", event="referral.closed.v1")
