"""Telling of events of referrals: who is concerned, and the notices for them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from uuid import UUID

from services.notifications.domain.audience import FIRST, Parts, audience
from services.notifications.domain.people import coordinators, members_told
from services.notifications.queries.catalog_facts import Facts, facts_about
from services.notifications.tables import Organization
from services.notifications.use_cases.notices import Cause, make_notices
from services.notifications.use_cases.recipients import Recipient, recipient_of
from shared.consuming.deputies import UnknownMember
from shared.consuming.inbox import MissingDependency, context_of
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.events.referral import ReferralAssigned, ReferralState, Side
from shared.publishing.outbox import Outbox
from shared.values.email_addresses import same_address


@dataclass(frozen=True)
class Occasion:
    """An event of a referral, the referral as it was then, and the side that did it."""

    event: Envelope
    referral: ReferralState
    by_side: Side | None

    @cached_property
    def parts(self) -> Parts:
        """Who is told."""
        return audience(self.event.type, self.referral, self.by_side)


async def tell(tx: Transaction, outbox: Outbox, occasions: Sequence[Occasion]) -> None:
    """Make the notices for everyone whom these events concern, except who caused each.

    Raises MissingDependency, before anything is written, when a fact that decides about one of them has not arrived.
    """
    heard = [each for each in occasions if each.parts]
    if not heard:
        return
    with_coordinators = any("coordinator" in each.parts for each in heard)
    facts = await facts_about(tx, [each.referral for each in heard], with_coordinators=with_coordinators)
    try:
        told = [_whom(each, facts) for each in heard]
    except UnknownMember as unknown:
        raise MissingDependency(f"member:{unknown.member_id}") from None
    await make_notices(tx, outbox, *told)


def _whom(occasion: Occasion, facts: Facts) -> dict[Recipient, Cause]:
    """Each recipient, and what it is told. Raises UnknownMember as `members_told` does."""
    event, referral, parts = occasion.event, occasion.referral, occasion.parts
    about = facts.about(referral, occasion.by_side)
    members = members_told(parts - FIRST, referral, facts.people.members)
    first = members_told(parts & FIRST, referral, facts.people.members)
    cause = Cause(event.id, event.type, event.correlationid, referral.id, about, context_of(event))
    told = dict.fromkeys(_recipients(facts, members, event.actor), cause)
    if isinstance(referral, ReferralAssigned):
        told |= {who: _as_taken_away(cause) for who in told if who.member_id == referral.former_member_id}
    target = facts.organizations[referral.target_organization_id]
    if "desk" in parts and _desk_address_is_its_own(target, facts, members):
        told[Recipient(target.id, None)] = cause
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


def _desk_address_is_its_own(target: Organization, facts: Facts, members: frozenset[UUID]) -> bool:
    """Whether the target has a desk address that belongs to none of `members`, who are told anyhow."""
    own = {same_address(facts.people.members[member_id].email) for member_id in members}
    return bool(target.email) and same_address(str(target.email)) not in own
