"""What the portal does with events: it copies who may sign in, and ends the sessions of those who may not any more."""

from collections.abc import Sequence
from typing import Final

from sqlmodel import col, select

from services.portal.tables import Member, Organization
from services.portal.use_cases.sessions import end_all_of
from shared.clock import utc_now
from shared.consuming.catalog_copy import apply
from shared.consuming.inbox import BatchHandler, Consumer
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.events.catalog import MemberState, OrganizationState
from shared.publishing.notify_listener import BATCH_DELAY
from shared.services import stream_of

GROUP: Final = "portal"


def build_consumers() -> list[Consumer]:
    """Which events of which streams the portal deals with."""
    handlers = {
        "catalog.organization_changed.v1": BatchHandler(_copy_organizations),
        "catalog.member_changed.v1": BatchHandler(_copy_members),
    }
    return [Consumer(GROUP, stream_of("catalog"), handlers, BATCH_DELAY)]


async def _copy_organizations(tx: Transaction, events: Sequence[Envelope]) -> None:
    """Copy organisations. The sessions of one that leaves end: they do not go on when it comes back."""
    news = await apply(tx, Organization, *events)
    states = [OrganizationState.model_validate(event.data) for event in events]
    left = [state.id for state in states if state.id in news and not state.active]
    if left:
        await end_all_of(tx, await tx.all(select(Member.id).where(col(Member.organization_id).in_(left))), utc_now())


async def _copy_members(tx: Transaction, events: Sequence[Envelope]) -> None:
    """Copy members. The sessions end of one who leaves, and of one whose address is another person's now."""
    news = await apply(tx, Member, *events)
    states = [MemberState.model_validate(event.data) for event in events]
    gone = [state.id for state in states if state.id in news and (not state.active or state.former_email is not None)]
    if gone:
        await end_all_of(tx, gone, utc_now())


def example_consumers() -> list[Consumer]:
    """The consumers as they are described to others."""
    return build_consumers()
