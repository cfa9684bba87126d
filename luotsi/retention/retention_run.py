"""What retention works with: the platform's databases, as the roles that own them, and the moment."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from luotsi.platform.operator_database import operator_database
from luotsi.platform.target import Target
from shared.database.connections import Database
from shared.database.transaction import Transaction
from shared.services import service_names


@dataclass(frozen=True)
class Due:
    """How many rows of a register were kept long enough, and since when the oldest of them counts."""

    rows: int
    oldest: datetime | None

    @classmethod
    def together(cls, parts: Iterable["Due"]) -> "Due":
        """What several databases have of one register."""
        found = list(parts)
        return cls(sum(each.rows for each in found), min((each.oldest for each in found if each.oldest), default=None))


@dataclass(frozen=True)
class RetentionRun:
    """A run over one register: a platform at one moment. Rows are due when they count from `before` or earlier."""

    target: Target
    databases: dict[str, Database]
    now: datetime
    days: int

    @property
    def before(self) -> datetime:
        """The moment before which what counts from then is due."""
        return self.now - timedelta(days=self.days)

    @asynccontextmanager
    async def transaction(self, service: str) -> AsyncIterator[Transaction]:
        """A transaction on a service's database that may take its time."""
        async with self.databases[service].transaction() as tx:
            await tx.execute(text("SET LOCAL statement_timeout = 0"))
            yield tx

    async def count(self, service: str, query: str, **values: Any) -> Due:
        """What a query counts, which gives rows and oldest."""
        async with self.transaction(service) as tx:
            row = (await tx.execute(text(query), {"before": self.before, **values})).one()
        return Due(row[0], row[1])

    async def remove(self, service: str, statement: str, **values: Any) -> Due:
        """Run a DELETE that returns of each row since when it counts; returns how many went, and the oldest of them."""
        query = f"WITH gone (since) AS ({statement}) SELECT count(*), min(since) FROM gone"  # noqa: S608
        return await self.count(service, query, **values)

    async def change(self, service: str, statement: str, **values: Any) -> int:
        """Run a statement; returns how many rows it changed."""
        async with self.transaction(service) as tx:
            done = await tx.execute(text(statement), {"before": self.before, **values})
        return done.rowcount


@asynccontextmanager
async def opened(target: Target) -> AsyncIterator[dict[str, Database]]:
    """The databases of a platform, each as its owner."""
    async with AsyncExitStack() as cleanup:
        yield {
            service: await cleanup.enter_async_context(operator_database(target.owner_url(service), connections=2))
            for service in service_names()
        }
