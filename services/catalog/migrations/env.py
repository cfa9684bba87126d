"""Alembic's environment of the catalogue. Its search index is brought to what this version indexes, where it lags."""

import asyncio

from alembic import context
from sqlalchemy import NullPool, text

from services.catalog.domain.search import EVERYTHING
from shared.database.engines import create_engine
from shared.database.migrations import run_environment

_LAGS = text(
    "SELECT EXISTS (SELECT FROM organizations WHERE NOT EXISTS (SELECT FROM organization_search_words AS h "
    "JOIN search_words AS w ON w.id = h.word_id WHERE h.owner_id = organizations.id AND w.word = :everything))"
)


async def index_lags(url: str) -> bool:
    """Whether something is not indexed as this version does it. Before there is an index at all nothing lags."""
    engine = create_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            there = await connection.scalar(text("SELECT to_regclass('organization_search_words') IS NOT NULL"))
            return bool(there and await connection.scalar(_LAGS, {"everything": EVERYTHING}))
    finally:
        await engine.dispose()


run_environment()
if asyncio.run(index_lags(context.config.attributes["database_url"])):
    # Tables and use cases take long to load, and hardly ever is there anything to do.
    from services.catalog.use_cases.search_index import bring_index_up_to_date

    bring_index_up_to_date(context.config.attributes["database_url"])
