"""Notices: a member's own, and what those who left have not seen."""

from typing import Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications.queries import visibility
from services.notifications.tables import Member, Notice
from shared.actors import Actor
from shared.database.connections import run_plainly

_NEWEST_NUMBER: Final = "SELECT last_number FROM counters WHERE member_id = $1"
_AFTER: Final = """
SELECT notices.*, coalesce(preferences.language, members.language) AS language
FROM notices JOIN members ON members.id = recipient_member_id
LEFT JOIN preferences ON preferences.member_id = recipient_member_id
WHERE recipient_member_id = $1 AND number > $2 AND (number > $3 OR seen_at IS NULL) ORDER BY number LIMIT $4
"""


async def own_notice(session: AsyncSession, actor: Actor, notice_id: UUID) -> Notice | None:
    """One notice of the actor's."""
    query = select(Notice).where(Notice.id == notice_id, visibility.told_to(actor))
    return (await session.exec(query)).first()


async def own_notices(
    session: AsyncSession, actor: Actor, *, limit: int, before: UUID | None = None, unseen: bool = False
) -> list[Notice]:
    """The actor's newest notices, newest first: of all, or of those older than the notice with the id `before`."""
    query = select(Notice).where(visibility.told_to(actor))
    if unseen:
        query = query.where(col(Notice.seen_at).is_(None))
    if before is not None:
        query = query.where(col(Notice.id) < before)
    return list(await session.exec(query.order_by(col(Notice.id).desc()).limit(limit)))


async def newest_number(session: AsyncSession, actor: Actor) -> int:
    """The number of the newest notice in the actor's inbox; 0 when there has been none."""
    found = await run_plainly(session, _NEWEST_NUMBER, actor.member_id)
    return found[0]["last_number"] if found else 0


async def own_notices_after(
    session: AsyncSession, actor: Actor, number: int, seen_until: int, limit: int
) -> list[tuple[Notice, str]]:
    """The actor's notices with a higher number, in the order of their numbers, and the language to show each in.

    Up to the number `seen_until`, notices that were seen are left out. Notices are committed in the order of their
    numbers, so none with a lower number appears later.
    """
    found = await run_plainly(session, _AFTER, actor.member_id, number, seen_until, limit)
    return [(Notice(**row), row["language"]) for row in found]


async def unseen_of_those_who_left(session: AsyncSession, organization_id: UUID) -> list[tuple[Notice, Member]]:
    """Notices that members who left the organisation have not seen and that were not handed on, oldest first."""
    unseen = (
        select(Notice, Member)
        .join(Member, col(Member.id) == col(Notice.recipient_member_id))
        .where(
            Member.organization_id == organization_id,
            ~col(Member.active),
            col(Notice.seen_at).is_(None),
            col(Notice.passed_on_at).is_(None),
        )
        .order_by(col(Notice.id))
        .execution_options(populate_existing=True)
    )
    return [(notice, leaver) for notice, leaver in await session.exec(unseen)]
