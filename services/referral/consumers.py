"""What the referral service does on events: keep copies, move deadlines, hand over, keep proofs of delivery."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from services.referral.domain.lifecycle import OPEN, Side
from services.referral.queries.chains import FROM_ABOVE
from services.referral.tables import Delivery, Member, Organization, Referral, Service
from services.referral.unit_of_work import UnitOfWork
from services.referral.use_cases.deadlines import recompute_timers
from services.referral.use_cases.handover import hand_over, still_open
from services.referral.use_cases.organizations import record_organization
from services.referral.vault import Vault
from shared.clock import Clock, utc_now
from shared.consuming import catalog_copy
from shared.consuming.copies import add_states
from shared.consuming.deputies import UnknownMember, stand_in
from shared.consuming.inbox import BatchHandler, Consumer, Handler, MissingDependency, arrived
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.events.catalog import MemberState
from shared.events.notification import DeliveryState
from shared.publishing.notify_listener import BATCH_DELAY
from shared.publishing.outbox import Outbox
from shared.services import stream_of


class ReferralConsumers:
    """The handlers of this service's consumers, and what they need for it."""

    def __init__(self, outbox: Outbox, vault: Vault, clock: Clock) -> None:
        self._outbox = outbox
        self._vault = vault
        self._clock = clock
        self._from_catalog: dict[str, Handler] = {
            "catalog.organization_changed.v1": self.organization_changed,
            "catalog.service_changed.v1": BatchHandler(services_changed),
            "catalog.member_changed.v1": self.member_changed,
        }
        self._from_notifications: dict[str, Handler] = {
            "notification.delivered.v1": keep_proof,
            "notification.delivery_failed.v1": keep_proof,
        }

    def consumers(self) -> list[Consumer]:
        """Which events of which streams this service deals with."""
        return [
            Consumer("referral", stream_of("catalog"), self._from_catalog),
            Consumer("referral", stream_of("notifications"), self._from_notifications, BATCH_DELAY),
        ]

    async def organization_changed(self, tx: Transaction, event: Envelope) -> None:
        """Copy an organisation; record with its referrals that it left or is back, and move deadlines with closures."""
        work, organization_id = self._work(tx), UUID(event.subject)
        before = await tx.get(Organization, organization_id)
        if not await catalog_copy.apply(tx, Organization, event):
            return
        after = await tx.get_one(Organization, organization_id)
        if before is not None and before.active is not after.active:
            await record_organization(work, after)
        if (before.closures if before is not None else []) != after.closures:
            await _move_deadlines(work, organization_id)

    async def member_changed(self, tx: Transaction, event: Envelope) -> None:
        """Copy a member; hand over what is open when the member has left.

        The copy comes first: access ends at once. Handing over waits for the deputy, should the deputy not be
        known here yet, and is left out should the member be back by then.
        """
        member = MemberState.model_validate(event.data)
        if await catalog_copy.apply(tx, Member, event):
            await arrived(tx, _fact(member.id), self._from_catalog)
        copy = await tx.get_one(Member, member.id)
        if not member.active and (copy.epoch, copy.sequence) == event.order:
            await _hand_over_all(self._work(tx), member.id, await _heir(tx, member))

    def _work(self, tx: Transaction) -> UnitOfWork:
        return UnitOfWork(tx=tx, outbox=self._outbox, vault=self._vault, now=self._clock())


async def services_changed(tx: Transaction, events: Sequence[Envelope]) -> None:
    """Copy services."""
    await catalog_copy.apply(tx, Service, *events)


async def _keep_proofs(tx: Transaction, events: Sequence[Envelope]) -> None:
    await add_states(tx, Delivery, [_proof(event) for event in events])


def _proof(event: Envelope) -> dict[str, Any]:
    kept = DeliveryState.model_validate(event.data).model_dump(include=set(Delivery.model_fields) - {"status"})
    status = "delivered" if event.type == "notification.delivered.v1" else "failed"
    return {**kept, "status": status, "epoch": event.epoch, "sequence": event.sequence}


keep_proof: Final = BatchHandler(_keep_proofs)
"""Keeps the proof that a notice reached somebody, or that it could not."""


async def _heir(tx: Transaction, member: MemberState) -> UUID | None:
    """Who acts for a member who has left, if anybody does. Raises MissingDependency for a deputy not known yet."""
    query = select(Member).where(Member.organization_id == member.organization_id)
    staff = {each.id: each for each in await tx.all(query)}
    try:
        return stand_in(member, staff)
    except UnknownMember as unknown:
        if await tx.get(Member, unknown.member_id) is None:
            raise MissingDependency(_fact(unknown.member_id)) from None
        return None  # a deputy of another organisation is none


async def _move_deadlines(work: UnitOfWork, organization_id: UUID) -> None:
    """Compute the timers of all that an organisation was sent and that is open. No event, and no higher version."""
    under_way = (
        select(Referral)
        .where(
            Referral.target_organization_id == organization_id,
            col(Referral.sent_at).is_not(None),
            col(Referral.status).in_(OPEN),
        )
        .order_by(*FROM_ABOVE)
        .with_for_update()
    )
    await recompute_timers(work, await work.tx.all(under_way))


async def _hand_over_all(work: UnitOfWork, left: UUID, heir: UUID | None) -> None:
    """What is open goes to the deputy. Without one it stays with the organisation's advisers, who are told so."""
    theirs = (col(Referral.source_member_id) == left) | (col(Referral.assigned_member_id) == left)
    taken = [
        (referral, Side.SOURCE if referral.source_member_id == left else Side.TARGET)
        for referral in await still_open(work, theirs)
    ]
    await hand_over(work, taken, heir, None)


def _fact(member_id: object) -> str:
    return f"member:{member_id}"


def example_consumers() -> list[Consumer]:
    """The consumers as they are described to others; what they would work with is never used."""
    return ReferralConsumers(Outbox("referral"), Vault(bytes(32), bytes(32)), utc_now).consumers()
