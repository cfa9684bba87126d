"""The registers about clients: the clients themselves, and who was shown what about them."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from luotsi.platform.referral_work import epoch_of, vault
from luotsi.retention.retention_run import Due, RetentionRun
from services.referral.domain import seals
from services.referral.domain.lifecycle import TERMINAL, Status
from services.referral.unit_of_work import UnitOfWork
from services.referral.use_cases.disclosure_log import remove_until
from services.referral.use_cases.erasure import erase_client, lock_client
from shared.clock import day_in_kuopio
from shared.database.transaction import Transaction
from shared.publishing.outbox import Outbox

_OVER = sorted({*TERMINAL, Status.DRAFT})
"""States that do not keep a client: ended, or a draft that nobody has touched for the whole time."""

_DUE = (
    "SELECT c.id, coalesce(max(coalesce(r.closed_at, r.updated_at)), c.created_at) AS since "
    "FROM clients c LEFT JOIN referrals r ON r.client_id = c.id "
    "WHERE c.erased_at IS NULL AND (CAST(:id AS uuid) IS NULL OR c.id = :id) GROUP BY c.id "
    "HAVING coalesce(bool_and(r.status = ANY(:over)) FILTER (WHERE r.id IS NOT NULL), true) "
    "AND coalesce(max(coalesce(r.closed_at, r.updated_at)), c.created_at) < :before"
)


async def clients_due(run: RetentionRun) -> Due:
    """Clients whose last referral ended long enough ago."""
    query = f"SELECT count(*), min(since) FROM ({_DUE}) AS due"  # noqa: S608 - our own words
    return await run.count("referral", query, id=None, over=_OVER)


async def erase_clients(run: RetentionRun) -> Due:
    """Erase them, a transaction each: what was broken off is taken up by the next run."""
    keys = vault(run.target)
    async with run.transaction("referral") as tx:
        outbox = Outbox("referral", await epoch_of(run.target, tx))
        due = [(row.id, row.since) for row in await _due(tx, run.before, None)]
    erased = list[Due]()
    for client_id, since in due:
        async with run.transaction("referral") as tx:
            client = await lock_client(tx, client_id)
            if client and await _due(tx, run.before, client_id):  # nobody has referred the client in the meantime
                work = UnitOfWork(tx=tx, outbox=outbox, vault=keys, now=run.now)
                await erase_client(work, client, "retention", end_open=True)
                erased.append(Due(1, since))
    return Due.together(erased)


async def _due(tx: Transaction, before: datetime, client_id: UUID | None) -> list[Any]:
    values = {"before": before, "id": client_id, "over": _OVER}
    return list(await tx.execute(text(_DUE), values))


async def disclosures_due(run: RetentionRun) -> Due:
    """Showings of whole days that are long enough ago."""
    query = (
        "SELECT count(*), min(at) FROM disclosures WHERE at < :end "
        "AND at < (SELECT (max(day) + 1)::timestamp AT TIME ZONE 'Europe/Helsinki' FROM audit_seals)"
    )
    return await run.count("referral", query, end=seals.bounds(_last_day(run))[1])


async def remove_disclosures(run: RetentionRun) -> Due:
    """Remove them, and record it under seal."""
    async with run.transaction("referral") as tx:
        oldest = (await tx.execute(text("SELECT min(at) FROM disclosures"))).scalar_one()
        rows = await remove_until(tx, run.target.key("AUDIT_KEY"), _last_day(run), run.now)
    return Due(rows, oldest if rows else None)


def _last_day(run: RetentionRun) -> date:
    return day_in_kuopio(run.before) - timedelta(days=1)
