"""Commands on members of staff: enter, change, deactivate."""

from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from services.catalog.domain.members import check_deputy
from services.catalog.queries.visibility import require_still_active
from services.catalog.schemas.members import MemberChange, NewMember
from services.catalog.schemas.parts import differing
from services.catalog.tables import Member, Organization
from services.catalog.unit_of_work import UnitOfWork
from services.catalog.use_cases.recording import record_member_change
from services.catalog.use_cases.refusals import command
from shared.actors import PLATFORM_SLUG
from shared.events.catalog import Invited
from shared.ids import new_id
from shared.problems import conflict


@command
async def create_member(work: UnitOfWork, organization: Organization, new: NewMember, *, invite: bool = True) -> Member:
    """Enter a member of that organisation, which is locked: its members change one after the other. Raises 422, 409.

    Without `invite` nobody is told by mail.
    """
    values = new.model_dump(exclude={"organization_id"})
    member = Member(id=new_id(), organization_id=organization.id, created_at=work.now, **values)
    await _check_deputy(work, member)
    await _check_email_free(work, member)
    work.tx.insert(member)
    record_member_change(work.tx, work.outbox, member, invited="entered" if invite else None)
    return member


@command
async def change_member(work: UnitOfWork, member: Member, change: MemberChange) -> Member:
    """Change what the change names. Raises 422, 409, and 401 when the caller lost access while this waited."""
    changes = differing(member, change)
    if not changes:
        return member
    former_email = member.email if "email" in changes else None
    # Members of one organisation change one after the other.
    organization = await work.tx.get_one(Organization, member.organization_id, lock=True)
    await require_still_active(work.tx, work.actor)
    for field, value in changes.items():
        setattr(member, field, value)
    # Colleagues come and go, so an unchanged deputy is looked at again when it begins to matter.
    if "deputy_id" in changes or changes.get("active") is False:
        await _check_deputy(work, member)
    if "email" in changes:
        await _check_email_free(work, member)
    await _check_someone_administers(work, organization, member)
    member.version += 1
    work.tx.update(member)
    invited: Invited | None = "returned" if changes.get("active") else None
    record_member_change(work.tx, work.outbox, member, former_email=former_email, invited=invited)
    return member


async def _check_deputy(work: UnitOfWork, member: Member) -> None:
    """Raise RuleBroken when the member has a deputy who may not stand in for it."""
    if member.deputy_id is not None:
        known: dict[UUID, Member] = {}
        following: UUID | None = member.deputy_id
        while following is not None and following not in known:
            if (row := await work.tx.get(Member, following)) is None:
                break
            known[row.id], following = row, row.deputy_id
        check_deputy(member, member.deputy_id, known)


async def _check_email_free(work: UnitOfWork, member: Member) -> None:
    """Raise 409 when a colleague has the member's address, whatever its capitals."""
    same = select(Member.id).where(
        col(Member.organization_id) == member.organization_id,
        func.lower(Member.email) == func.lower(member.email),
        col(Member.id) != member.id,
    )
    if await work.tx.first(same.limit(1)) is not None:
        detail = "The organisation has a member with this address already. Change that one, or activate it again."
        raise conflict(detail, name="email-taken")


async def _check_someone_administers(work: UnitOfWork, organization: Organization, member: Member) -> None:
    """Raise 409 when nobody would be left who administers the platform."""
    if organization.slug != PLATFORM_SLUG or (member.active and "admin" in member.roles):
        return
    others = select(Member.id).where(
        col(Member.organization_id) == organization.id,
        col(Member.id) != member.id,
        col(Member.active),
        col(Member.roles).contains(["admin"]),
    )
    if await work.tx.first(others.limit(1)) is None:
        raise conflict("The platform needs an administrator: name another one first.")
