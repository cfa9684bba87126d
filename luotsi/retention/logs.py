"""The registers that keep the events: each service's log, and which events of others it has dealt with.

A row of a log is removed only after the thing that it is about. Two kinds of row stay: those that are not published,
and the one behind the newest entry of the stream, by which the relay notices whether its stream has lost anything. The
inbox forgets an event only after the log has: until then it may be published again.
"""

from uuid import UUID

from sqlalchemy import text

from luotsi.retention.retention_run import Due, RetentionRun
from shared.services import publishers, readers

_MAY_GO = (
    "o.published_at IS NOT NULL AND o.id IS DISTINCT FROM "
    "(SELECT id FROM outbox WHERE entry_ms IS NOT NULL ORDER BY entry_ms DESC, entry_seq DESC LIMIT 1)"
)
_OF_ERASED = (
    "FROM outbox o JOIN referrals r ON r.id::text = o.subject JOIN clients c ON c.id = r.client_id "
    f"WHERE c.erased_at < :before AND {_MAY_GO}"
)
_SUPERSEDED = (
    "FROM outbox o WHERE EXISTS (SELECT FROM outbox n WHERE n.subject = o.subject AND n.type = o.type "
    f"AND n.id > o.id AND n.recorded_at < :before) AND {_MAY_GO}"
)
_OF_GONE_NOTICES = (
    "FROM outbox o WHERE o.type LIKE 'notification.deliver%' AND o.recorded_at < :before "
    f"AND NOT EXISTS (SELECT FROM deliveries d WHERE d.id::text = o.subject) AND {_MAY_GO}"
)
_PORTION = 10_000


async def referral_log_due(run: RetentionRun) -> Due:
    """Events about referrals of clients who were erased."""
    return await _count(run, "referral", _OF_ERASED)


async def cut_referral_log(run: RetentionRun) -> int:
    """Remove them."""
    return await _delete(run, "referral", _OF_ERASED)


async def catalogue_log_due(run: RetentionRun) -> Due:
    """States of the catalogue that newer ones took the place of."""
    return await _count(run, "catalog", _SUPERSEDED)


async def cut_catalogue_log(run: RetentionRun) -> int:
    """Remove them."""
    return await _delete(run, "catalog", _SUPERSEDED)


async def delivery_log_due(run: RetentionRun) -> Due:
    """Events about deliveries of notices that are gone."""
    return await _count(run, "notifications", _OF_GONE_NOTICES)


async def cut_delivery_log(run: RetentionRun) -> int:
    """Remove them, and first the proofs that the referral service has copied, or a rebuilt copy would lack these."""
    async with run.transaction("notifications") as tx:
        subjects = list(
            (await tx.execute(text(f"SELECT o.subject {_OF_GONE_NOTICES}"), {"before": run.before})).scalars()
        )
    gone = [UUID(subject) for subject in subjects]
    await run.change("referral", "DELETE FROM deliveries WHERE id = ANY(:gone) AND at < :before", gone=gone)
    return await _delete(run, "notifications", _OF_GONE_NOTICES)


async def handled_due(run: RetentionRun) -> Due:
    """What was dealt with of events that are in no log any more."""
    found = [await _forgettable(run, service, remove=False) for service in readers()]
    return Due(sum(due.rows for due in found), min((due.oldest for due in found if due.oldest), default=None))


async def forget_handled(run: RetentionRun) -> int:
    """Forget it."""
    return sum([(await _forgettable(run, service, remove=True)).rows for service in readers()])


async def _forgettable(run: RetentionRun, service: str, *, remove: bool) -> Due:
    query = text(
        "SELECT event_id, min(handled_at) AS since FROM inbox WHERE handled_at < :before "
        "AND (CAST(:after AS uuid) IS NULL OR event_id > :after) "
        "GROUP BY event_id HAVING max(handled_at) < :before ORDER BY event_id LIMIT :portion"
    )
    rows, oldest, after = 0, None, None
    while True:
        async with run.transaction(service) as tx:
            values = {"before": run.before, "after": after, "portion": _PORTION}
            old = {row.event_id: row.since for row in await tx.execute(query, values)}
        gone = list(old.keys() - await _in_some_log(run, list(old)))
        rows += len(gone)
        oldest = min([old[each] for each in gone] + ([oldest] if oldest else []), default=None)
        if remove and gone:
            await run.change(
                service, "DELETE FROM inbox WHERE event_id = ANY(:gone) AND handled_at < :before", gone=gone
            )
        if len(old) < _PORTION:
            return Due(rows, oldest)
        after = max(old)


async def _in_some_log(run: RetentionRun, ids: list[UUID]) -> set[UUID]:
    found: set[UUID] = set()
    for service in publishers():
        async with run.transaction(service) as tx:
            query = text("SELECT event_id FROM outbox WHERE event_id = ANY(:ids)")
            found |= set((await tx.execute(query, {"ids": ids})).scalars())
    return found


async def _count(run: RetentionRun, service: str, rows: str) -> Due:
    return await run.count(service, f"SELECT count(*), min(o.recorded_at) {rows}")


async def _delete(run: RetentionRun, service: str, rows: str) -> int:
    return await run.change(service, f"DELETE FROM outbox WHERE id IN (SELECT o.id {rows})")  # noqa: S608
