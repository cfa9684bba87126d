"""What members have chosen, and the language in which they are told."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications.tables import Member, Preference
from shared.clock import utc_now


async def preference_of(session: AsyncSession, member_id: UUID) -> Preference:
    """What a member has chosen; the defaults where it has chosen nothing."""
    found = await session.get(Preference, member_id)
    return found or Preference(member_id=member_id, updated_at=utc_now())


async def language_of(session: AsyncSession, member_id: UUID) -> str:
    """The language in which a member is told: its own choice, else that of its account."""
    chosen = (await preference_of(session, member_id)).language
    return chosen or await account_language(session, member_id)


async def account_language(session: AsyncSession, member_id: UUID) -> str:
    """The language of a member's account."""
    return (await session.get_one(Member, member_id)).language
