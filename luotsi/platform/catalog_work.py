"""What the operator needs to work on the catalogue: a unit of work with the rights of the platform's administrators."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import text

from luotsi.platform.operator_database import operator_database
from luotsi.platform.process import PlatformError
from luotsi.platform.referral_work import epoch_of
from luotsi.platform.target import Target
from services.catalog.domain.members import Caller
from services.catalog.unit_of_work import UnitOfWork
from services.catalog.use_cases.seed import SEED_LOCK
from shared.clock import utc_now
from shared.database.outages import is_outage
from shared.problems import Problem
from shared.publishing.outbox import Outbox

_OPERATOR = Caller(organization_id=UUID(int=0), roles=frozenset({"admin"}), is_platform_admin=True)
"""Of no organisation: none has this id."""


@asynccontextmanager
async def working(target: Target) -> AsyncIterator[UnitOfWork]:
    """A unit of work of the operator on the catalogue, committed at the end; one at a time, and none beside a seeding.

    Raises PlatformError with what a command refuses, and where the database is away.
    """
    try:
        async with operator_database(target.database_url("catalog")) as database, database.transaction() as tx:
            await tx.execute(text("SET LOCAL statement_timeout = 0"))  # whoever comes second waits
            await tx.advisory_lock(SEED_LOCK)
            outbox = Outbox("catalog", await epoch_of(target, tx, "catalog"))
            yield UnitOfWork(tx=tx, outbox=outbox, now=utc_now(), caller=_OPERATOR, actor=None)
    except Problem as problem:
        raise PlatformError(problem.detail) from problem
    except Exception as error:
        if not is_outage(error):
            raise
        reason = str(error) or type(error).__name__
        raise PlatformError(f"the catalogue's database does not answer, run it again once it does: {reason}") from error
