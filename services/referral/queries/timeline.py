"""The timeline of a referral: what happened, and the proof of who was told."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from heapq import merge
from uuid import UUID

from sqlmodel import col, select

from services.referral.domain.chains import below
from services.referral.domain.lifecycle import Side
from services.referral.domain.opened import ENDINGS, Looks, opened_at
from services.referral.queries.chains import members_of_chain
from services.referral.queries.visibility import side_of
from services.referral.schemas.timeline import TimelineItem, Told
from services.referral.tables import Delivery, Message, Referral, TimelineEntry
from services.referral.unit_of_work import ActorUnitOfWork

_OF_THE_SOURCE_ALONE = ("referral.created.v1", "referral.edited.v1", "referral.followed.v1")


async def timeline(work: ActorUnitOfWork, referral: Referral) -> list[TimelineItem]:
    """All that happened to a referral as the actor's side may know it, oldest first.

    The target learns nothing of the time before sending nor of what followed a decline, and neither side which member
    of the other acted. How a referral ended that was passed on from this one stands here too.
    """
    side = side_of(work.actor, referral)
    query = select(TimelineEntry).where(TimelineEntry.referral_id == referral.id)
    if side is Side.TARGET:
        query = query.where(col(TimelineEntry.event_type).not_in(_OF_THE_SOURCE_ALONE))
    in_order = (col(TimelineEntry.version), col(TimelineEntry.at), col(TimelineEntry.event_id))
    own = await work.tx.all(query.order_by(*in_order))
    passed_on = {link.id: link.reference for link in below(referral.id, await members_of_chain(work, referral))}
    told = await _told(work, referral, side, own)
    return [
        TimelineItem(
            **entry.model_dump(exclude={"referral_id", "member_id", "side"}),
            reference=passed_on.get(entry.referral_id, referral.reference),
            side=None if entry.referral_id in passed_on else entry.side,  # its sides are not those of this referral
            member_id=entry.member_id if entry.side == side and entry.referral_id == referral.id else None,
            told=told[entry.event_id],
        )
        for entry in merge(own, await _ends(work, passed_on), key=lambda entry: entry.at)
    ]


async def _ends(work: ActorUnitOfWork, referral_ids: Collection[UUID]) -> Sequence[TimelineEntry]:
    """How these referrals ended, in order of time."""
    query = select(TimelineEntry).where(
        col(TimelineEntry.referral_id).in_(referral_ids), col(TimelineEntry.event_type).in_(ENDINGS)
    )
    return await work.tx.all(query.order_by(col(TimelineEntry.at), col(TimelineEntry.event_id)))


async def _told(
    work: ActorUnitOfWork, referral: Referral, own_side: Side, entries: Sequence[TimelineEntry]
) -> dict[UUID, list[Told]]:
    """By event, who was told of it; with which member where that is one of the side `own_side`."""
    query = select(Delivery).where(Delivery.referral_id == referral.id)
    states = await work.tx.all(query.order_by(col(Delivery.epoch), col(Delivery.sequence)))
    newest = {proof.id: proof for proof in states}
    sides: dict[UUID, Side] = {
        referral.source_organization_id: Side.SOURCE,
        referral.target_organization_id: Side.TARGET,
    }
    looks = await _looks(work, referral)
    happened = {entry.event_id: entry for entry in entries}
    found: dict[UUID, list[Told]] = defaultdict(list)
    for proof in sorted(newest.values(), key=lambda proof: (proof.at, proof.id)):
        side = sides.get(proof.organization_id)
        about = happened.get(proof.cause_id)
        opened = opened_at(looks, side, about.event_type, about.at, about.side) if side and about else None
        found[proof.cause_id].append(
            Told(
                side=side or "coordinator",
                channel=proof.channel,
                status=proof.status,
                at=proof.at,
                member_id=proof.member_id if side is own_side else None,
                opened_at=opened,
            )
        )
    return found


async def _looks(work: ActorUnitOfWork, referral: Referral) -> Looks:
    read = select(Message.side, Message.created_at, Message.read_at).where(
        Message.referral_id == referral.id, col(Message.read_at).is_not(None)
    )
    messages = {(side, written): read_at for side, written, read_at in await work.tx.execute(read)}
    return Looks(referral.first_viewed_at, referral.answer_seen_at, messages)
