"""Reading members: one by its id, a page of them."""

from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from services.catalog.queries.pages import PageWanted, as_uuid, count, one_page, one_row
from services.catalog.tables import Member
from shared.database.transaction import Transaction
from shared.events.catalog import Role


async def find_member(tx: Transaction, key: str, organization_id: UUID | None, *, lock: bool = False) -> Member | None:
    """The member with that id, if it belongs to `organization_id` (None: to any); `lock` holds the row."""
    member_id = as_uuid(key)
    wanted = select(Member).where(Member.id == member_id)
    if organization_id is not None:
        wanted = wanted.where(Member.organization_id == organization_id)
    return await one_row(tx, wanted, lock=lock)


async def page_of_members(
    tx: Transaction,
    page: PageWanted,
    visible: UUID | None,
    organization_id: UUID | None,
    active: bool | None,
    role: Role | None = None,
) -> tuple[list[Member], int]:
    """One page of members, by address, and how many there are in all.

    `visible`: the organisation whose members the caller sees (None: every one); the others narrow further.
    """
    wanted = select(Member)
    for only in (visible, organization_id):
        if only is not None:
            wanted = wanted.where(Member.organization_id == only)
    if active is not None:
        wanted = wanted.where(col(Member.active) == active)
    if role is not None:
        wanted = wanted.where(col(Member.roles).contains([role]))
    total = await count(tx, wanted)
    wanted = wanted.order_by(func.lower(Member.email).collate("C"), col(Member.id))
    return await tx.all(one_page(wanted, page)), total
