"""Commands on members of staff: enter, change, deactivate."""

from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from services.catalog.domain.members import Deputy, check_deputy
from services.catalog.domain.organizations import PLATFORM_SLUG
from services.catalog.schemas.members import MemberChange, NewMember
from services.catalog.tables import Member, Organization
from services.catalog.use_cases.recording import record_member_change
from services.catalog.use_cases.unit_of_work import UnitOfWork, command, invalid_field
from services.catalog.use_cases.visibility import require_administrator, require_may_give
from shared.ids import new_id
from shared.problems import conflict


@command
async def create_member(work: UnitOfWork, new: NewMember) -> Member:
    """Enter a member of an organisation that the caller administers. Raises 403, 422, 409."""
    organization = await _hold(work, new.organization_id or work.caller.organization_id)
    require_administrator(work.caller, organization.id)
    require_may_give(work.caller, (), new.roles)
    member = Member(id=new_id(), organization_id=organization.id, **new.model_dump(exclude={"organization_id"}))
    await _check_deputy(work, member, {})
    await _check_email_free(work, organization.id, new.email, None)
    work.session.add(member)
    await work.session.flush()
    record_member_change(work.session, work.outbox, member)
    return member


@command
async def change_member(work: UnitOfWork, member: Member, change: MemberChange) -> Member:
    """Change what the change names. Raises 403, 422, 409."""
    named: dict[str, Any] = change.model_dump(exclude_unset=True)
    changes = {field: value for field, value in named.items() if getattr(member, field) != value}
    if not changes:
        return member
    organization = await _hold(work, member.organization_id)
    require_may_give(work.caller, member.roles, changes.get("roles", ()))
    # Colleagues come and go, so an unchanged deputy is looked at again when it begins to matter.
    if "deputy_id" in changes or changes.get("active") is False:
        await _check_deputy(work, member, changes)
    if "email" in changes:
        await _check_email_free(work, organization.id, changes["email"], member.id)
    await _check_someone_administers(work, organization, member, changes)
    for field, value in changes.items():
        setattr(member, field, value)
    member.version += 1
    record_member_change(work.session, work.outbox, member)
    return member


async def _hold(work: UnitOfWork, organization_id: UUID) -> Organization:
    """The organisation, held: changes of its members happen one after the other. Raises 422."""
    held = select(Organization).where(Organization.id == organization_id).with_for_update()
    organization = (await work.session.exec(held)).first()
    if organization is None:
        raise invalid_field("There is no organisation with that id.", "organization_id")
    return organization


async def _check_deputy(work: UnitOfWork, member: Member, changes: dict[str, Any]) -> None:
    """Raise RuleBroken when the member would have a deputy, after `changes`, who may not stand in for it."""
    deputy_id: UUID | None = changes.get("deputy_id", member.deputy_id)
    if deputy_id is not None:
        rows = await work.session.exec(select(Member).where(Member.organization_id == member.organization_id))
        known = {row.id: _as_deputy(row, row.roles) for row in rows.all()}
        check_deputy(_as_deputy(member, changes.get("roles", member.roles)), deputy_id, known)


def _as_deputy(row: Member, roles: list[str]) -> Deputy:
    return Deputy(row.id, row.organization_id, row.active, roles, row.deputy_id)


async def _check_email_free(work: UnitOfWork, organization_id: UUID, email: str, own_id: UUID | None) -> None:
    same = select(Member.id).where(
        Member.organization_id == organization_id, func.lower(Member.email) == func.lower(email)
    )
    if (await work.session.exec(same)).first() not in (None, own_id):
        detail = "The organisation has a member with this address already. Change that one, or activate it again."
        raise conflict(detail, name="email-taken")


async def _check_someone_administers(
    work: UnitOfWork, organization: Organization, member: Member, changes: dict[str, Any]
) -> None:
    """Raise 409 when nobody would be left who administers the platform."""
    stays = changes.get("active", member.active) and "admin" in changes.get("roles", member.roles)
    if organization.slug != PLATFORM_SLUG or stays:
        return
    others = select(Member.id).where(
        Member.organization_id == organization.id,
        Member.id != member.id,
        col(Member.active),
        col(Member.roles).contains(["admin"]),
    )
    if (await work.session.exec(others.limit(1))).first() is None:
        raise conflict("The platform needs an administrator: name another one first.")
