"""Chains of referrals: what lies below one, as its side may see it, and whether that side still knows the client."""

from typing import Final

from sqlalchemy import bindparam
from sqlmodel import col, select

from services.referral.domain.chains import below, still_knows
from services.referral.domain.lifecycle import Side, Status
from services.referral.queries.names import NamesOf
from services.referral.queries.visibility import side_of
from services.referral.schemas.referrals import ChainLink
from services.referral.tables import Referral, ReferralRow
from services.referral.unit_of_work import ActorUnitOfWork, UnitOfWork

FROM_ABOVE: Final = (col(Referral.chain_depth), col(Referral.id))
"""The order in which referrals are locked that may belong to one chain: nobody then waits for another in a circle."""

_CHAIN = select(Referral).where(col(Referral.root_id) == bindparam("root_id")).order_by(col(Referral.id))
_OTHERS = (
    select(Referral.id)
    .where(col(Referral.root_id) == bindparam("root_id"), col(Referral.id) != bindparam("besides"))
    .limit(1)
)
_STATUS = select(Referral.status).where(col(Referral.id) == bindparam("id"))


async def members_of_chain(work: UnitOfWork, referral: Referral) -> list[Referral]:
    """Every referral of the chain that `referral` belongs to, itself included, the older first."""
    return await work.tx.all(_CHAIN, {"root_id": referral.root_id})


async def knows_client(work: ActorUnitOfWork, referral: ReferralRow) -> bool:
    """Whether the actor's side of `referral` may know who the client is."""
    parent_status = None
    if referral.parent_id is not None:
        parent_status = await work.tx.first(_STATUS, {"id": referral.parent_id})
    return still_knows(
        side_of(work.actor, referral), Status(referral.status), Status(parent_status) if parent_status else None
    )


async def visible_chain(work: ActorUnitOfWork, referral: Referral) -> list[ChainLink] | None:
    """The chain as far as the actor's organisation has a part in it; None where that is `referral` alone.

    It begins with the first referral that the organisation made or was sent, and goes down from there: the organisation
    that began the chain sees all of it, one in the middle its part, and the last one only its own referral.
    """
    if await work.tx.first(_OTHERS, {"root_id": referral.root_id, "besides": referral.id}) is None:
        return None
    chain = await members_of_chain(work, referral)
    own = referral
    if side_of(work.actor, referral) is Side.SOURCE and referral.parent_id is not None:
        own = next(link for link in chain if link.id == referral.parent_id)
    links = [own, *below(own.id, chain)]
    if len(links) == 1:
        return None
    names = await NamesOf.referrals(work, links)
    return [chain_link(link, names, first=own) for link in links]


def chain_link(referral: Referral, names: NamesOf, *, first: Referral) -> ChainLink:
    """One referral of a chain, without client and texts; of what lies above `first` it says nothing."""
    plain = referral.model_dump(include=set(ChainLink.model_fields) - {"parent_id"})
    return ChainLink(
        **plain,
        parent_id=None if referral.id == first.id else referral.parent_id,
        service=names.service(referral.service_id),
        source_organization=names.organization(referral.source_organization_id),
        target_organization=names.organization(referral.target_organization_id),
    )
