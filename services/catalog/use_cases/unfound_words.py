"""Counting the words that were looked for and found nothing, without keeping who looked for them."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.catalog.domain.search import Word
from services.catalog.domain.unfound_words import ENOUGH_MEMBERS, bit_of, quarter_of, words_to_count
from services.catalog.vault import Vault
from shared.database.transaction import Transaction

# The word itself goes in with the search that makes it that of enough members, and then their bits go.
_COUNT: Final = text(
    "INSERT INTO unfound_words AS u (digest, members, searches, last_on) VALUES (:digest, :bit, 1, :today) "
    "ON CONFLICT (digest) DO UPDATE SET searches = u.searches + 1, last_on = :today, "
    f"word = CASE WHEN bit_count(CAST(u.members | :bit AS bit(32))) >= {ENOUGH_MEMBERS} THEN :word ELSE u.word END, "
    f"members = CASE WHEN u.word IS NULL AND bit_count(CAST(u.members | :bit AS bit(32))) < {ENOUGH_MEMBERS} "
    "THEN u.members | :bit ELSE 0 END"
)


async def count_unfound(
    tx: Transaction, vault: Vault, member_id: UUID, query: str, unknown: Sequence[Word], today: date
) -> None:
    """Count the words of a member's query that found nothing, those that may be counted."""
    quarter = quarter_of(today)
    for word in sorted(words_to_count(query, unknown)):  # in one order, so that nobody waits in a circle
        digest = vault.digest("unfound word", quarter, word)
        bit = bit_of(vault.digest("seeker of an unfound word", quarter, word, str(member_id)))
        await tx.execute(_COUNT, {"digest": digest, "bit": bit, "word": word, "today": today})
