"""The engine of SQLAlchemy on a database."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.database.addresses import connect


def create_engine(url: str, connect_args: dict[str, Any] | None = None, **options: Any) -> AsyncEngine:
    """SQLAlchemy's engine on `url`, which asyncpg reads: SQLAlchemy knows neither several hosts nor `sslmode`."""

    async def connected() -> Any:
        return await connect(url, **(connect_args or {}))

    return create_async_engine("postgresql+asyncpg://", async_creator=connected, **options)
