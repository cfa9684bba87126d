"""Messages of a referral: listing them, counting the unread ones, and whether a side may read them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, text
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from services.referral.domain.lifecycle import DISCLOSED, Side, Status, reads_messages
from services.referral.queries.chains import knows_client
from services.referral.queries.visibility import side_of
from services.referral.tables import Message, Referral, ReferralRow
from services.referral.unit_of_work import ActorUnitOfWork
from shared.actors import Actor
from shared.keyset import Keyset

_UNREAD = text(
    "SELECT referral_id, side, count(*) FROM messages "
    "WHERE referral_id = ANY(CAST(:referrals AS uuid[])) AND read_at IS NULL GROUP BY referral_id, side"
)


async def list_messages(work: ActorUnitOfWork, referral: Referral, page: Keyset) -> list[Message]:
    """The messages of a referral, newest first: one row more than the page holds, if there is one."""
    query = select(Message).where(Message.referral_id == referral.id)
    if page.after is not None:
        query = query.where(col(Message.id) < page.after)
    return await work.tx.all(query.order_by(col(Message.id).desc()).limit(page.limit + 1))


async def unread_messages(work: ActorUnitOfWork, referrals: Sequence[ReferralRow]) -> dict[UUID, int]:
    """Per referral, how many messages of the other side the actor's side may read and has not read yet."""
    shown = {referral.id: referral for referral in referrals}
    found = dict.fromkeys(shown, 0)
    for referral_id, written_by, number in await work.tx.execute(_UNREAD, {"referrals": list(shown)}):
        referral = shown[referral_id]
        side = side_of(work.actor, referral)
        if written_by != side and await may_read(work, referral, Side(written_by)):
            found[referral_id] += number
    return found


async def may_read(work: ActorUnitOfWork, referral: ReferralRow, written_by: Side) -> bool:
    """Whether the actor's side may read the messages of the side `written_by`.

    An organisation that passed the referral on reads those of the other side as long as it may know the client itself.
    """
    side = side_of(work.actor, referral)
    if side is Side.SOURCE and referral.parent_id is not None:
        return side is written_by or await knows_client(work, referral)
    return reads_messages(side, written_by, Status(referral.status))


def unread_by(actor: Actor) -> ColumnElement[bool]:
    """`unread_messages` as a condition: the other side has written what the actor's side may read, and has not read."""
    waiting = select(Message.referral_id).where(
        Message.to_organization_id == actor.organization_id, col(Message.read_at).is_(None), ~col(Message.withheld)
    )
    return and_(col(Referral.id).in_(waiting), _reads_the_other_side(actor))


def _reads_the_other_side(actor: Actor) -> ColumnElement[bool]:
    """`may_read` in SQL, of what the other side wrote."""
    is_source, parent = col(Referral.source_organization_id) == actor.organization_id, aliased(Referral)
    known_above = select(parent.id).where(parent.id == Referral.parent_id, col(parent.status).in_(DISCLOSED)).exists()
    as_source = and_(is_source, or_(col(Referral.parent_id).is_(None), known_above))
    return or_(as_source, and_(~is_source, col(Referral.status).in_(DISCLOSED | {Status.REQUESTED})))
