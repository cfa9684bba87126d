"""The registers that keep the events: each service's log, and which events of others it has dealt with.

A row of a log is removed only after the thing that it is about. Two kinds of row stay: those that are not published,
and the one behind the newest entry of the stream, by which the relay notices whether its stream has lost anything. The
inbox forgets an event only after the log has: until then it may be published again.
"""

from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlalchemy import text

from luotsi.retention.retention_run import Due, RetentionRun
from shared.publishing import packs
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
# Of events at rest: what is packed about these comes back into the outbox, and goes from there.
_PACKED_OF_ERASED = (
    "FROM packed_subjects s JOIN referrals r ON r.id = s.subject JOIN clients c ON c.id = r.client_id "
    "WHERE c.erased_at < :before"
)
_PACKED_OF_GONE_NOTICES = (
    "FROM packed_subjects s WHERE s.oldest < :before AND NOT EXISTS (SELECT FROM deliveries d WHERE d.id = s.subject)"
)
_PORTION = 20_000
_BEFORE_ALL = UUID(int=0)

# Ids go up with time (UUIDv7), so what a portion of the inbox is compared with is one piece of each log's index.
OLD_IN_INBOX = (
    "SELECT array_agg(event_id ORDER BY event_id) FROM (SELECT DISTINCT event_id FROM inbox "
    "WHERE handled_at < :before AND event_id > :after ORDER BY event_id LIMIT :portion) AS portion"
)
NOT_IN_LOG = (
    "SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM unnest(CAST(:ids AS uuid[])) AS id "
    "EXCEPT SELECT event_id FROM outbox WHERE event_id BETWEEN :first AND :last "
    "EXCEPT SELECT event_id FROM packed_events WHERE event_id BETWEEN :first AND :last) AS gone"
)
_REMOVE = text("DELETE FROM outbox WHERE id = ANY(:ids)")
_FORGOTTEN = "FROM inbox WHERE event_id = ANY(:gone) AND handled_at < :before"


async def referral_log_due(run: RetentionRun) -> Due:
    """Events about referrals of clients who were erased."""
    return Due.together(
        [await _count(run, "referral", _OF_ERASED), await _count_packed(run, "referral", _PACKED_OF_ERASED)]
    )


async def cut_referral_log(run: RetentionRun) -> Due:
    """Remove them."""
    return await _delete(run, "referral", _OF_ERASED, _PACKED_OF_ERASED)


async def catalogue_log_due(run: RetentionRun) -> Due:
    """States of the catalogue that newer ones took the place of."""
    return await _count(run, "catalog", _SUPERSEDED)


async def cut_catalogue_log(run: RetentionRun) -> Due:
    """Remove them."""
    statement = f"DELETE FROM outbox WHERE id IN (SELECT o.id {_SUPERSEDED}) RETURNING recorded_at"  # noqa: S608
    return await run.remove("catalog", statement)


async def delivery_log_due(run: RetentionRun) -> Due:
    """Events about deliveries of notices that are gone."""
    return Due.together(
        [
            await _count(run, "notifications", _OF_GONE_NOTICES),
            await _count_packed(run, "notifications", _PACKED_OF_GONE_NOTICES),
        ]
    )


async def cut_delivery_log(run: RetentionRun) -> Due:
    """Remove them, and first the proofs that the referral service has copied, or a rebuilt copy would lack these."""

    async def remove_copies(subjects: list[str]) -> None:
        gone = [UUID(subject) for subject in subjects]
        await run.change("referral", "DELETE FROM deliveries WHERE id = ANY(:gone) AND at < :before", gone=gone)

    return await _delete(run, "notifications", _OF_GONE_NOTICES, _PACKED_OF_GONE_NOTICES, remove_copies)


async def handled_due(run: RetentionRun) -> Due:
    """What was dealt with of events that are in no log any more."""
    return Due.together([await _forgettable(run, service, remove=False) for service in readers()])


async def forget_handled(run: RetentionRun) -> Due:
    """Forget it."""
    return Due.together([await _forgettable(run, service, remove=True) for service in readers()])


async def _forgettable(run: RetentionRun, service: str, *, remove: bool) -> Due:
    """Portion by portion in the order of ids: what a run that is broken off has forgotten stays forgotten."""
    portions, after = list[Due](), _BEFORE_ALL
    while True:
        async with run.transaction(service) as tx:
            values = {"before": run.before, "after": after, "portion": _PORTION}
            old = (await tx.execute(text(OLD_IN_INBOX), values)).scalar_one() or []
        if gone := await _in_no_log(run, old):
            if remove:
                portions.append(await run.remove(service, f"DELETE {_FORGOTTEN} RETURNING handled_at", gone=gone))
            else:
                count = f"SELECT count(*), min(handled_at) {_FORGOTTEN}"
                portions.append(await run.count(service, count, gone=gone))
        if len(old) < _PORTION:
            return Due.together(portions)
        after = old[-1]


async def _in_no_log(run: RetentionRun, ids: list[UUID]) -> list[UUID]:
    """Those of these ids, which are in order, that no log has. Each is asked for what those before it lack."""
    for service in publishers():
        if ids:
            async with run.transaction(service) as tx:
                values = {"ids": ids, "first": ids[0], "last": ids[-1]}
                ids = (await tx.execute(text(NOT_IN_LOG), values)).scalar_one() or []
    return ids


async def _count(run: RetentionRun, service: str, rows: str) -> Due:
    return await run.count(service, f"SELECT count(*), min(o.recorded_at) {rows}")


async def _count_packed(run: RetentionRun, service: str, subjects: str) -> Due:
    return await run.count(service, f"SELECT coalesce(sum(s.events), 0), min(s.oldest) {subjects}")


async def _delete(
    run: RetentionRun,
    service: str,
    rows: str,
    packed: str,
    first: Callable[[list[str]], Awaitable[None]] | None = None,
) -> Due:
    """Remove rows of the outbox, and what is packed about the subjects `packed`, portion by portion.

    `first` is done with what the rows of a portion are about, before these are gone.
    """
    portions = list[Due]()
    while True:
        async with run.transaction(service) as tx:
            await packs.hold(tx)
            portion = {"before": run.before, "portion": packs.PORTION}
            back = await packs.bring_back(tx, f"SELECT s.pack_id {packed} LIMIT :portion", portion)
            found = (
                await tx.execute(text(f"SELECT o.id, o.subject, o.recorded_at {rows}"), {"before": run.before})
            ).all()
            if first is not None:
                await first([row.subject for row in found])
            await tx.execute(_REMOVE, {"ids": [row.id for row in found]})
        portions.append(Due(len(found), min((row.recorded_at for row in found), default=None)))
        if not back:
            return Due.together(portions)
