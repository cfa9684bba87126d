"""What the service does with events: it copies the catalogue's facts, and tells people of referrals."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final
from uuid import UUID

from services.notifications.domain.audience import HEARD
from services.notifications.tables import Member, Organization, Service
from services.notifications.use_cases.handing_on import hand_on_unseen
from services.notifications.use_cases.notices import NOTICES_LOCK
from services.notifications.use_cases.organization_news import invite, tell_former_address, tell_of_organization
from services.notifications.use_cases.telling import Occasion, tell
from shared.consuming.catalog_copy import apply
from shared.consuming.copies import Copied
from shared.consuming.inbox import BatchHandler, Consumer, Handler, arrived
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.events.catalog import MemberState, OrganizationState
from shared.events.referral import MessageSent, ReferralAssigned, ReferralState
from shared.publishing.outbox import Outbox

GROUP: Final = "notifications"

_PAUSE: Final = 0.02
"""Seconds between two reads of events of referrals: what comes meanwhile is told of together, for less."""

COPIES: Final[Mapping[str, type[Copied]]] = {
    "organization": Organization,
    "service": Service,
    "member": Member,
}
"""Kind of fact → the table that holds its copy. An event waits for a fact by the name `<kind>:<id>`."""


def build_consumers(outbox: Outbox) -> list[Consumer]:
    """The consumers of the catalogue's and the referral service's stream."""
    waiting: dict[str, Handler] = {}
    about_referrals: dict[str, Handler] = dict.fromkeys(HEARD, BatchHandler(partial(_tell, outbox)))
    about_catalog: dict[str, Handler] = {
        "catalog.organization_changed.v1": partial(_organization_changed, outbox, waiting),
        "catalog.service_changed.v1": BatchHandler(partial(_copy, "service", waiting)),
        "catalog.member_changed.v1": partial(_member_changed, outbox, waiting),
    }
    waiting |= about_referrals | about_catalog
    return [
        Consumer(GROUP, "catalog.events", about_catalog, advisory_lock=NOTICES_LOCK),
        Consumer(GROUP, "referral.events", about_referrals, _PAUSE, advisory_lock=NOTICES_LOCK),
    ]


async def _copy(kind: str, waiting: Mapping[str, Handler], tx: Transaction, events: Sequence[Envelope]) -> None:
    """Bring copies of one kind up to date, and handle the events that waited for these facts."""
    await tx.advisory_lock(NOTICES_LOCK)
    await apply(tx, COPIES[kind], *events)
    for fact in dict.fromkeys(f"{kind}:{UUID(event.data['id'])}" for event in events):
        await arrived(tx, fact, waiting)


async def _organization_changed(
    outbox: Outbox, waiting: Mapping[str, Handler], tx: Transaction, event: Envelope
) -> None:
    """Copy an organisation, tell when it has left or returned, and tell a former address of its desk that it is one."""
    await tx.advisory_lock(NOTICES_LOCK)
    state = OrganizationState.model_validate(event.data)
    before = await tx.get(Organization, state.id)
    await _copy("organization", waiting, tx, [event])
    await hand_on_unseen(tx, outbox, state.id)
    after = await tx.get_one(Organization, state.id)
    if before is not None and before.active is not after.active:
        await tell_of_organization(tx, outbox, event, after)
    if state.former_email is not None:
        await tell_former_address(tx, outbox, event, "desk_address_changed", state.id, state.former_email)


async def _member_changed(outbox: Outbox, waiting: Mapping[str, Handler], tx: Transaction, event: Envelope) -> None:
    """Copy a member, hand on what members left unseen, tell a former address that it is one, and invite who was let in.

    The copy comes first. Telling may have to wait for the organisation, should it not be known here yet.
    """
    member = MemberState.model_validate(event.data)
    await _copy("member", waiting, tx, [event])
    await hand_on_unseen(tx, outbox, member.organization_id)
    if member.former_email is not None:
        await tell_former_address(tx, outbox, event, "address_changed", member.organization_id, member.former_email)
    await invite(tx, outbox, event, member)


async def _tell(outbox: Outbox, tx: Transaction, events: Sequence[Envelope]) -> None:
    """Make the notices of events of referrals."""
    await tx.advisory_lock(NOTICES_LOCK)
    await tell(tx, outbox, [_occasion(event) for event in events])


def _occasion(event: Envelope) -> Occasion:
    if event.type == "referral.message_sent.v1":
        message = MessageSent.model_validate(event.data)
        return Occasion(event, message.referral, message.side)
    model = ReferralAssigned if event.type == "referral.assigned.v1" else ReferralState
    referral = model.model_validate(event.data)
    return Occasion(event, referral, referral.by_side)


def example_consumers() -> list[Consumer]:
    """The consumers as they are described to others; what they would work with is never used."""
    return build_consumers(Outbox(GROUP))
