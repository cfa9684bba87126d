"""What members choose about how they are told."""

from typing import Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from services.notifications.tables import Preference
from shared.clock import utc_now
from shared.database.rows import values_of
from shared.database.transaction import Transaction
from shared.events.catalog import Language

_insert: Final = insert(Preference)
_CHOOSE: Final = _insert.on_conflict_do_update(
    index_elements=["member_id"],
    set_={name: _insert.excluded[name] for name in ("email", "language", "updated_at")},
)


async def choose(tx: Transaction, member_id: UUID, *, email: bool, language: Language | None) -> Preference:
    """Set both choices of a member; they hold for notices to come."""
    chosen = Preference(member_id=member_id, email=email, language=language, updated_at=utc_now())
    await tx.execute(_CHOOSE, values_of(chosen))
    return chosen
