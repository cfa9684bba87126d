"""Suggestions that were followed: which referral was sent to the service that a declined one suggested."""

from sqlmodel import select

from services.referral.domain.lifecycle import Side
from services.referral.queries import visibility
from services.referral.schemas.referrals import Link
from services.referral.tables import Referral
from services.referral.unit_of_work import ActorUnitOfWork


async def links(work: ActorUnitOfWork, referral: Referral) -> tuple[Link | None, Link | None]:
    """What the referral follows, and what followed it. For the source alone: the targets have no part in the other."""
    if visibility.side_of(work.actor, referral) is not Side.SOURCE:
        return None, None
    follower = await follower_of(work, referral) if referral.suggested_service_id is not None else None
    followed = None
    if referral.follows_id is not None:
        query = select(Referral).where(Referral.id == referral.follows_id, visibility.sent_by(work.actor))
        followed = await work.tx.first(query)
    return _link(followed), _link(follower)


async def follower_of(work: ActorUnitOfWork, referral: Referral) -> Referral | None:
    """The referral by which the suggestion of a declined one was followed."""
    query = select(Referral).where(Referral.follows_id == referral.id, visibility.sent_by(work.actor))
    return next(iter(await work.tx.all(query)), None)


def _link(referral: Referral | None) -> Link | None:
    return Link(id=referral.id, reference=referral.reference, status=referral.status) if referral else None
