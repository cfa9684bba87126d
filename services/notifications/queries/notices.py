"""Notices: a member's own, and what those who left have not seen."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Uuid, any_, bindparam, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select

from services.notifications.queries import visibility
from services.notifications.queries.people import MAY_ACT
from services.notifications.queries.preferences import LANGUAGE
from services.notifications.tables import Counter, Member, Notice, Organization, Preference
from shared.actors import Actor
from shared.database.reader import Reader
from shared.database.transaction import Transaction

_NEWEST_NUMBER: Final = select(Counter.last_number).where(col(Counter.member_id) == bindparam("member_id", type_=Uuid))
_AFTER: Final = (
    select(Notice, LANGUAGE)
    .join(Member, col(Member.id) == col(Notice.recipient_member_id))
    .outerjoin(Preference, col(Preference.member_id) == col(Member.id))
    .where(col(Notice.number) > bindparam("number", type_=BigInteger))
    .order_by(col(Notice.number))
    .limit(bindparam("most", type_=Integer))
)
_UNSEEN_UNTIL: Final = _AFTER.where(
    col(Notice.number) <= bindparam("until", type_=BigInteger), col(Notice.seen_at).is_(None)
)
_INBOXES: Final = (
    select(Member.id, Member.organization_id, func.coalesce(Counter.last_number, 0))
    .join(Organization, col(Organization.id) == col(Member.organization_id))
    .outerjoin(Counter, col(Counter.member_id) == col(Member.id))
    .where(col(Member.id) == any_(bindparam("members", type_=ARRAY(Uuid))), MAY_ACT)
)
_UNSEEN_OF_THOSE_WHO_LEFT: Final = (
    select(Notice, Member.id)
    .join(Member, col(Member.id) == col(Notice.recipient_member_id))
    .outerjoin(Organization, col(Organization.id) == col(Member.organization_id))
    .where(
        col(Member.organization_id) == bindparam("organization_id", type_=Uuid),
        ~MAY_ACT,
        col(Notice.seen_at).is_(None),
        col(Notice.passed_on_at).is_(None),
    )
    .order_by(col(Notice.id))
)


@dataclass(frozen=True)
class Inbox:
    """Whose inbox it is, and the number of its newest notice; 0 when there has been none."""

    organization_id: UUID
    newest: int


async def own_notice(tx: Transaction, actor: Actor, notice_id: UUID) -> Notice | None:
    """One notice of the actor's."""
    return await tx.first(select(Notice).where(Notice.id == notice_id, visibility.told_to(actor)))


async def own_notices(
    tx: Transaction, actor: Actor, *, limit: int, before: UUID | None = None, unseen: bool = False
) -> list[Notice]:
    """The actor's newest notices, newest first: of all, or of those older than the notice with the id `before`."""
    query = select(Notice).where(visibility.told_to(actor))
    if unseen:
        query = query.where(col(Notice.seen_at).is_(None))
    if before is not None:
        query = query.where(col(Notice.id) < before)
    return await tx.all(query.order_by(col(Notice.id).desc()).limit(limit))


async def count_unseen(tx: Transaction, actor: Actor, most: int) -> int:
    """How many notices the actor has not seen; `most` where there are so many or more."""
    unseen = select(Notice.id).where(visibility.told_to(actor), col(Notice.seen_at).is_(None)).limit(most)
    return await tx.first(select(func.count()).select_from(unseen.subquery())) or 0


async def newest_notice(tx: Transaction, actor: Actor) -> Notice | None:
    """The notice that came into the actor's inbox last: the one with the highest number."""
    return await tx.first(select(Notice).where(visibility.told_to(actor)).order_by(col(Notice.number).desc()).limit(1))


async def newest_number(reader: Reader, actor: Actor) -> int:
    """The number of the newest notice in the actor's inbox; 0 when there has been none."""
    return await reader.first(_NEWEST_NUMBER, {"member_id": actor.member_id}) or 0


async def inboxes_of(reader: Reader, members: Collection[UUID]) -> dict[UUID, Inbox]:
    """The inboxes of those of the members who may act, by the member's id."""
    found = await reader.tuples(_INBOXES, {"members": list(members)})
    return {member_id: Inbox(organization_id, newest) for member_id, organization_id, newest in found}


async def own_notices_after(
    reader: Reader, actor: Actor, number: int, seen_until: int, limit: int
) -> list[tuple[Notice, str]]:
    """The actor's notices with a higher number, in the order of their numbers, and the language to show each in.

    Up to the number `seen_until`, notices that were seen are left out. Notices are committed in the order of their
    numbers, so none with a lower number appears later.
    """
    found = list[tuple[Notice, str]]()
    if number < seen_until:
        asked = {"number": number, "until": seen_until, "most": limit}
        found = await reader.tuples(_UNSEEN_UNTIL.where(visibility.told_to(actor)), asked)
    if len(found) < limit:
        asked = {"number": max(number, seen_until), "most": limit - len(found)}
        found += await reader.tuples(_AFTER.where(visibility.told_to(actor)), asked)
    return found


async def unseen_of_those_who_left(tx: Transaction, organization_id: UUID) -> list[tuple[Notice, UUID]]:
    """Notices that members of the organisation who may not act any more have not seen, each with the member's id.

    Those that were handed on are left out; the oldest comes first.
    """
    return await tx.tuples(_UNSEEN_OF_THOSE_WHO_LEFT, {"organization_id": organization_id})
