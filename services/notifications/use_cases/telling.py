"""Telling of an event of a referral: who is concerned, and the notices for them."""

from dataclasses import replace
from uuid import UUID

from services.notifications.domain.audience import FIRST, Parts, audience
from services.notifications.domain.people import coordinators, members_told
from services.notifications.queries.catalog_facts import Facts, facts_about
from services.notifications.use_cases.notices import Cause, make_notices
from services.notifications.use_cases.recipients import Recipient, recipient_of
from shared.consuming.deputies import UnknownMember
from shared.consuming.inbox import MissingDependency
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.events.referral import ReferralAssigned, ReferralState, Side
from shared.publishing.outbox import Outbox
from shared.values.email_addresses import same_address


async def tell(tx: Transaction, outbox: Outbox, event: Envelope, referral: ReferralState, by_side: Side | None) -> None:
    """Make the notices for everyone whom an event concerns, except who caused it.

    Raises MissingDependency, before anything is written, when a fact that decides about it has not arrived.
    """
    parts = audience(event.type, referral, by_side)
    if not parts:
        return
    facts = await facts_about(tx, referral, by_side, with_coordinators="coordinator" in parts)
    try:
        told = _whom(event, referral, parts, facts)
    except UnknownMember as unknown:
        raise MissingDependency(f"member:{unknown.member_id}") from None
    await make_notices(tx, outbox, told)


def _whom(event: Envelope, referral: ReferralState, parts: Parts, facts: Facts) -> dict[Recipient, Cause]:
    """Each recipient, and what it is told. Raises UnknownMember as `members_told` does."""
    members = members_told(parts - FIRST, referral, facts.people.members)
    first = members_told(parts & FIRST, referral, facts.people.members)
    cause = Cause(event.id, event.type, event.correlationid, referral.id, facts.about)
    told = dict.fromkeys(_recipients(facts, members, event.actor), cause)
    if isinstance(referral, ReferralAssigned):
        told |= {who: _as_taken_away(cause) for who in told if who.member_id == referral.former_member_id}
    if "desk" in parts and _desk_address_is_its_own(facts, members):
        told[Recipient(facts.target.id, None)] = cause
    if "coordinator" in parts:  # who is of the desk as well is told as the desk is
        for each in coordinators(facts.people.members) - members:
            told.setdefault(recipient_of(facts.people, each, as_coordinator=True), cause)
    for who in _recipients(facts, first, event.actor):
        told.setdefault(who, _from_the_beginning(cause, referral))
    return told


def _recipients(facts: Facts, members: frozenset[UUID], actor: str) -> list[Recipient]:
    return [recipient_of(facts.people, each) for each in members if str(each) != actor]


def _as_taken_away(cause: Cause) -> Cause:
    """The cause as the member is told of it from whom the referral was taken."""
    return replace(cause, about=cause.about.model_copy(update={"taken_away": True}))


def _from_the_beginning(cause: Cause, referral: ReferralState) -> Cause:
    """The cause as the first adviser of the chain is told of it: by the first referral, which this adviser can open."""
    assert referral.root_id is not None, "a referral that was passed on says where its chain began"
    assert referral.root_reference is not None
    seen_from = {"reference": referral.root_reference, "first_organization_id": referral.first_source_organization_id}
    return replace(cause, referral_id=referral.root_id, about=cause.about.model_copy(update=seen_from))


def _desk_address_is_its_own(facts: Facts, members: frozenset[UUID]) -> bool:
    """Whether the target has a desk address that belongs to none of `members`, who are told anyhow."""
    own = {same_address(facts.people.members[member_id].email) for member_id in members}
    return bool(facts.target.email) and same_address(str(facts.target.email)) not in own
