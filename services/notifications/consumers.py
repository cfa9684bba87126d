"""What the service does with events: it keeps its copy of the catalogue, and tells people of referrals."""

from collections.abc import Mapping
from functools import partial
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications.domain import HEARD
from services.notifications.tables import Member, Organization, Service
from services.notifications.use_cases import telling
from services.notifications.use_cases.notices import TURN
from shared.consuming.catalog_copy import apply
from shared.consuming.copies import Copied
from shared.consuming.inbox import Consumer, Handler, arrived, take_turn
from shared.events import Envelope
from shared.events.referral import MessageSent, ReferralAssigned, ReferralState
from shared.publishing.outbox import Outbox

GROUP: Final = "notifications"

COPIES: Final[Mapping[str, type[Copied]]] = {
    "organization": Organization,
    "service": Service,
    "member": Member,
}
"""Kind of fact → the table that holds the copy; facts are called `<kind>:<id>`."""


def build_consumers(outbox: Outbox) -> list[Consumer]:
    """The consumers of the catalogue's and the referral service's stream."""
    about_referrals: dict[str, Handler] = dict.fromkeys(HEARD, partial(_hear, outbox))
    about_catalog: dict[str, Handler] = {
        f"catalog.{kind}_changed.v1": partial(_learn, outbox, about_referrals, kind) for kind in COPIES
    }
    return [
        Consumer(GROUP, "catalog.events", about_catalog, turn=TURN),
        Consumer(GROUP, "referral.events", about_referrals, turn=TURN),
    ]


def example_consumers() -> list[Consumer]:
    """The consumers as they are described to others; what they would work with is never used."""
    return build_consumers(Outbox(GROUP))


async def _learn(
    outbox: Outbox, waiting: Mapping[str, Handler], kind: str, session: AsyncSession, event: Envelope
) -> None:
    """Bring a copy up to date, then do what had to wait for it."""
    await take_turn(session, TURN)
    await apply(session, COPIES[kind], event)
    if kind == "member":
        await telling.pass_on(session, outbox, UUID(event.data["organization_id"]))
    await arrived(session, f"{kind}:{UUID(event.data['id'])}", waiting)


async def _hear(outbox: Outbox, session: AsyncSession, event: Envelope) -> None:
    """Tell those whom an event of a referral concerns."""
    await take_turn(session, TURN)
    if event.type == "referral.message_sent.v1":
        message = MessageSent.model_validate(event.data)
        await telling.tell(session, outbox, event, message.referral, message.side)
    else:
        model = ReferralAssigned if event.type == "referral.assigned.v1" else ReferralState
        referral = model.model_validate(event.data)
        await telling.tell(session, outbox, event, referral, referral.by_side)
