"""Who sees which rows: every query for an actor goes through one of these conditions."""

from sqlalchemy import ColumnElement, and_, false, or_
from sqlmodel import col

from services.referral.domain.lifecycle import Side
from services.referral.tables import Client, Member, Referral, ReferralRow
from shared.actors import Actor, require_active
from shared.consuming.catalog_copy import find_member
from shared.database.reader import Reader


async def require_still_active(reader: Reader, actor: Actor) -> None:
    """Raise 401 when the actor has lost access since its token was looked at, as while it waited for a lock."""
    require_active(await find_member(reader, actor.member_id), actor.organization_id)


def sent_by(actor: Actor) -> ColumnElement[bool]:
    """Referrals that the actor's organisation made, seen by its advisers.

    What its desk passed on was made by recipients, who see it too.
    """
    own = col(Referral.source_organization_id) == actor.organization_id
    if "adviser" in actor.roles:
        return own
    return and_(own, col(Referral.parent_id).is_not(None)) if "recipient" in actor.roles else false()


def received_by(actor: Actor) -> ColumnElement[bool]:
    """Referrals that the actor's organisation was sent, seen by its recipients; never a draft of another."""
    if "recipient" not in actor.roles:
        return false()
    return and_(
        col(Referral.target_organization_id) == actor.organization_id,
        col(Referral.sent_at).is_not(None),
    )


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Every referral that the actor may see at all."""
    return or_(sent_by(actor), received_by(actor))


def own_clients(actor: Actor) -> ColumnElement[bool]:
    """Clients of the actor's organisation; not those who were erased."""
    return and_(col(Client.organization_id) == actor.organization_id, col(Client.erased_at).is_(None))


def served_by(actor: Actor) -> ColumnElement[bool]:
    """Clients of the actor's organisation, seen by its advisers."""
    return own_clients(actor) if "adviser" in actor.roles else false()


def colleagues(actor: Actor) -> ColumnElement[bool]:
    """Active members of the actor's organisation."""
    return and_(col(Member.organization_id) == actor.organization_id, col(Member.active))


def side_of(actor: Actor, referral: ReferralRow) -> Side:
    """The side on which the actor stands; only for a referral that it may see."""
    return Side.SOURCE if referral.source_organization_id == actor.organization_id else Side.TARGET
