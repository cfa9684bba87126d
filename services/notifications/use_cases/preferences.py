"""What members choose about how they are told."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications.tables import Preference
from shared.clock import utc_now
from shared.events.catalog import Language


async def choose(session: AsyncSession, member_id: UUID, *, email: bool, language: Language | None) -> Preference:
    """Set both choices of a member; they hold for notices to come."""
    chosen = await session.merge(Preference(member_id=member_id, email=email, language=language, updated_at=utc_now()))
    await session.flush()
    return chosen
