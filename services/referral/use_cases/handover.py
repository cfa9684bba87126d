"""Handing over: what somebody looks after goes to somebody else, referral by referral, side by side."""

from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

from sqlalchemy import ColumnElement, update
from sqlmodel import col, select

from services.referral.domain.lifecycle import Side
from services.referral.queries import visibility
from services.referral.queries.chains import FROM_ABOVE
from services.referral.queries.colleagues import colleague, require_role
from services.referral.queries.filters import is_open
from services.referral.tables import Member, Referral
from services.referral.unit_of_work import ActorUnitOfWork, UnitOfWork
from services.referral.use_cases.commands import roles_on
from services.referral.use_cases.recording import record_change
from shared.consuming.deputies import UnknownMember, stand_in
from shared.problems import Problem, invalid

Taken = tuple[Referral, Side]
"""A referral, and the side on which somebody looks after it."""


async def hand_over_own(work: ActorUnitOfWork, to: UUID | None) -> tuple[Member, list[Taken]]:
    """Give all that the actor has open to a colleague, or to the actor's deputy when none is named.

    Raises 422, and hands over nothing, when there is nobody or somebody who lacks a role that this takes.
    """
    heir, taken = await own_to_hand_over(work, to, still_open)
    await visibility.require_still_active(work.tx, work.actor)
    await hand_over(work, taken, heir.id, work.actor.member_id)
    return heir, taken


async def own_to_hand_over(
    work: ActorUnitOfWork,
    to: UUID | None,
    find: Callable[[ActorUnitOfWork, ColumnElement[bool]], Awaitable[list[Referral]]],
) -> tuple[Member, list[Taken]]:
    """To whom all that the actor has open would go, and what that is, as `find` reads it. Raises 422."""
    heir = await colleague(work, to, "to") if to is not None else await _own_deputy(work)
    if heir.id == work.actor.member_id:
        raise invalid(
            "Name somebody else than yourself to take over.",
            [{"field": "to", "message": "is yourself"}],
            name="unfit-member",
        )
    me = work.actor.member_id
    as_adviser = visibility.sent_by(work.actor) & (col(Referral.source_member_id) == me)
    as_assigned = visibility.received_by(work.actor) & (col(Referral.assigned_member_id) == me)
    taken = [
        (referral, visibility.side_of(work.actor, referral)) for referral in await find(work, as_adviser | as_assigned)
    ]
    for roles in sorted({roles_on(side, referral) for referral, side in taken}):
        require_role(heir, roles, "to")
    return heir, taken


async def listed_open(work: UnitOfWork, theirs: ColumnElement[bool]) -> list[Referral]:
    """The referrals of a condition for which somebody still has something to do, only to be shown."""
    return await work.tx.all(select(Referral).where(theirs, is_open()).order_by(col(Referral.id)))


async def still_open(work: UnitOfWork, theirs: ColumnElement[bool]) -> list[Referral]:
    """The referrals of a condition for which somebody still has something to do, locked in one order for everybody.

    What was passed on from them is locked with them, for it names who began the chain.
    """
    these = select(select(Referral.id).where(theirs, is_open()).cte("these").c.id)
    below = select(Referral.id).where(col(Referral.root_id).in_(these))
    chains = select(Referral.id).where(col(Referral.id).in_(these.union(below)))
    await work.tx.execute(chains.order_by(*FROM_ABOVE).with_for_update())
    query = select(Referral).where(theirs, is_open()).order_by(col(Referral.id)).with_for_update()
    return await work.tx.all(query)


async def hand_over(work: UnitOfWork, taken: Iterable[Taken], heir: UUID | None, by: UUID | None) -> None:
    """Give each to the deputy. Without one it stays with the organisation, whose people are told so."""
    begun = []
    for referral, side in taken:
        if side is Side.TARGET:
            referral.assigned_member_id = heir
        elif heir is not None:
            referral.source_member_id = heir
            begun.append(referral.id)
        record_change(work, referral, "handed_over", side, by)
    if begun:
        passed_on = col(Referral.root_id).in_(begun) & col(Referral.parent_id).is_not(None)
        await work.tx.execute(update(Referral).where(passed_on).values(first_source_member_id=heir))


async def _own_deputy(work: ActorUnitOfWork) -> Member:
    """The actor's deputy, or the deputy's if that one has left."""
    query = select(Member).where(Member.organization_id == work.actor.organization_id)
    staff = {each.id: each for each in await work.tx.all(query)}
    named = staff.get(staff[work.actor.member_id].deputy_id or work.actor.member_id)
    try:
        heir = stand_in(named, staff) if named is not None else None
    except UnknownMember:
        heir = None
    if heir is None or heir == work.actor.member_id:
        raise _no_deputy()
    return staff[heir]


def _no_deputy() -> Problem:
    detail = "No active deputy is named for you in the catalogue. Say in `to` who takes over."
    return invalid(detail, [{"field": "to", "message": "needed without a deputy"}], name="no-deputy")
