"""What members have chosen, and the language in which they are told."""

from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, bindparam, func
from sqlmodel import col, select

from services.notifications.tables import Member, Preference
from shared.clock import utc_now
from shared.database.transaction import Transaction

LANGUAGE: Final[ColumnElement[str]] = func.coalesce(Preference.language, Member.language)
"""The language in which a member is told, in queries that join both tables: its own choice, else the account's."""

_LANGUAGE_OF: Final = (
    select(LANGUAGE)
    .select_from(Member)
    .outerjoin(Preference, col(Preference.member_id) == col(Member.id))
    .where(col(Member.id) == bindparam("member_id", type_=Uuid))
)


async def preference_of(tx: Transaction, member_id: UUID) -> Preference:
    """What a member has chosen; the defaults where it has chosen nothing."""
    found = await tx.get(Preference, member_id)
    return found or Preference(member_id=member_id, updated_at=utc_now())


async def language_of(tx: Transaction, member_id: UUID) -> str:
    """The language in which a member that is known is told."""
    (language,) = await tx.all(_LANGUAGE_OF, {"member_id": member_id})
    return language


async def account_language(tx: Transaction, member_id: UUID) -> str:
    """The language of a member's account."""
    return (await tx.get_one(Member, member_id)).language
