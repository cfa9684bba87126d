"""The register of drafts that were never sent, and that nobody goes on with."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import select

from luotsi.platform.referral_work import epoch_of, vault
from luotsi.retention.retention_run import Due, RetentionRun
from services.referral.tables import Referral
from services.referral.unit_of_work import UnitOfWork
from services.referral.use_cases.erasure import discard_draft, erase_client, lock_client
from shared.database.transaction import Transaction
from shared.publishing.outbox import Outbox

_DUE = "FROM referrals WHERE status = 'draft' AND sent_at IS NULL AND updated_at < :before"
_ELSE = text(
    "SELECT EXISTS (SELECT FROM referrals WHERE client_id = :client AND id <> :draft "
    "AND (sent_at IS NOT NULL OR status = 'draft'))"
)


async def drafts_due(run: RetentionRun) -> Due:
    """Drafts that nobody has touched for long enough."""
    return await run.count("referral", f"SELECT count(*), min(updated_at) {_DUE}")


async def discard_drafts(run: RetentionRun) -> Due:
    """Discard them, a transaction each, and erase the clients who are in nothing else."""
    keys = vault(run.target)
    async with run.transaction("referral") as tx:
        outbox = Outbox("referral", await epoch_of(run.target, tx))
        due = list(await tx.execute(text(f"SELECT id, client_id, updated_at {_DUE}"), {"before": run.before}))
    discarded = list[Due]()
    for row in due:
        async with run.transaction("referral") as tx:
            work = UnitOfWork(tx=tx, outbox=outbox, vault=keys, now=run.now)
            if await _discard(run, work, row):
                discarded.append(Due(1, row.updated_at))
    return Due.together(discarded)


async def _discard(run: RetentionRun, work: UnitOfWork, row: Any) -> bool:
    """Discard one of them, unless somebody went on with it in the meantime; returns whether it was."""
    client = await lock_client(work.tx, row.client_id)
    query = select(Referral).where(Referral.id == row.id, text("status = 'draft'"), Referral.updated_at < run.before)
    draft = await work.tx.first(query)
    if client is None or draft is None:
        return False
    if await _is_elsewhere(work.tx, client.id, draft.id):
        await discard_draft(work, draft)
    else:
        await erase_client(work, client, "retention", end_open=True)
    return True


async def _is_elsewhere(tx: Transaction, client_id: UUID, draft_id: UUID) -> bool:
    """Whether the client was referred ever, or is being referred in another draft."""
    return bool((await tx.execute(_ELSE, {"client": client_id, "draft": draft_id})).scalar_one())
