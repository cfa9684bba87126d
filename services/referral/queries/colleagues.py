"""Colleagues: members of the actor's own organisation to whom work can be given."""

from collections.abc import Collection
from uuid import UUID

from sqlmodel import select

from services.referral.queries import visibility
from services.referral.tables import Member
from services.referral.unit_of_work import ActorUnitOfWork
from shared.problems import invalid


async def colleague(work: ActorUnitOfWork, member_id: UUID, field: str) -> Member:
    """An active member of the actor's organisation, the actor included. Raises 422 for anybody else."""
    member = await work.tx.first(select(Member).where(Member.id == member_id, visibility.colleagues(work.actor)))
    if member is None:
        detail = "Name an active member of your organisation; GET /members of the catalogue lists them."
        raise invalid(detail, [{"field": field, "message": "no active member"}], name="unknown-member")
    return member


def require_role(member: Member, roles: Collection[str], field: str) -> None:
    """Raise 422 unless `member` has one of the roles that the work takes."""
    if not set(roles) & set(member.roles):
        role = " or ".join(roles)
        detail = f"This takes the role {role}, which the member does not have. Name somebody who has it."
        raise invalid(detail, [{"field": field, "message": f"is no {role}"}], name="unfit-member")
