"""Reading the words that were looked for and found nothing: those that enough members looked for."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func
from sqlmodel import col, select

from services.catalog.queries.pages import PageWanted, count, one_page
from services.catalog.tables import UnfoundWord
from shared.database.transaction import Transaction


async def page_of_unfound_words(
    tx: Transaction, page: PageWanted
) -> tuple[Sequence[tuple[str | None, int, date]], int]:
    """One page of words, how often each was looked for, and when last; the most frequent first. And how many in all."""
    searches = func.sum(UnfoundWord.searches)
    wanted = (
        select(col(UnfoundWord.word), searches, func.max(UnfoundWord.last_on))
        .where(col(UnfoundWord.word).is_not(None))
        .group_by(col(UnfoundWord.word))
    )
    total = await count(tx, wanted)
    return await tx.tuples(one_page(wanted.order_by(searches.desc(), col(UnfoundWord.word)), page)), total
