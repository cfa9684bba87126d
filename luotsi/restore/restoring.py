"""A restore from beginning to end: the databases first, then what makes them agree with each other and the world."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from redis.exceptions import RedisError
from sqlalchemy import text

from luotsi.backup.ledger import Ledger, read_ledger
from luotsi.platform.copies import COPIES
from luotsi.platform.migrating import migrate
from luotsi.platform.operator_database import operator_database
from luotsi.platform.process import PlatformError
from luotsi.platform.rebuilding import now_and_then, rebuild
from luotsi.platform.target import Target
from luotsi.restore import quieting, reapplying, replaying
from luotsi.restore.databases import put, raise_epoch
from luotsi.restore.plan import Plan, check
from luotsi.restore.report import Lost, what_is_lost
from shared.clock import utc_now
from shared.database.addresses import connect as connect_database
from shared.publishing import packs
from shared.redis import connect
from shared.services import dead_stream, groups_of, publishers, streams

_MARGIN: Final = timedelta(hours=1)
_HISTORY: Final = "restores"
_SIGNED_OUT: Final = ("sessions", "kept_forms", "attempts")
"""What the portal forgets: a session that ended after the backup would go on."""


@dataclass
class Restored:
    """What a restore did."""

    backup: str
    taken_at: datetime
    services: tuple[str, ...]
    epochs: dict[str, int] = field(default_factory=dict)
    reapplied: reapplying.Reapplied = field(default_factory=reapplying.Reapplied)
    replayed: int = 0
    quieted: quieting.Quieted = field(default_factory=quieting.Quieted)
    lost: list[Lost] = field(default_factory=list)
    ledger_until: dict[str, datetime] = field(default_factory=dict)


async def restore(plan: Plan, *, replace: bool, lost_at: datetime | None, say: Callable[[str], None]) -> Restored:
    """Restore what the plan says; `say` is told of each step. PlatformError, before anything is written, if it can't.

    `lost_at` is when the database was lost, for the mail of which nobody knows whether it was sent.
    """
    ledger = read_ledger(plan.store, plan.keys, plan.manifest.taken_at)
    _check_streams(plan)
    await check(plan, replace=replace)
    done = Restored(plan.manifest.name, plan.manifest.taken_at, plan.services, ledger_until=dict(ledger.until))
    begun = await _now_there(plan)
    for service in plan.services:
        await asyncio.to_thread(put, plan, service)
        say(f"{service}: restored as of {plan.manifest.databases[service].taken_at:%Y-%m-%d %H:%M:%S} UTC")
    await _raise_epochs(plan, done)
    for service in plan.services:
        await asyncio.to_thread(migrate, plan.target, service)
    if "portal" in plan.services:
        await _sign_out(plan.target)
    await _unpack(plan.target, plan.manifest.taken_at - _MARGIN)
    if "referral" in plan.services:
        done.reapplied = await reapplying.reapply(plan.target, ledger)
        await reapplying.adopt(plan.target, ledger, begun)
    await _agree(plan, ledger, done, begun, lost_at, say)
    done.lost = await what_is_lost(plan.target, ledger, plan.services)
    if plan.whole:
        await _empty_streams(plan.target)
    return done


async def _now_there(plan: Plan) -> datetime:
    """The earliest moment by the databases' own clocks, by which they say when something was recorded."""
    moments: list[datetime] = []
    for service in plan.services:
        connection = await connect_database(plan.target.owner_url(service), timeout=10)
        try:
            moments.append(await connection.fetchval("SELECT clock_timestamp()"))
        finally:
            await connection.close()
    return min(moments)


async def _agree(
    plan: Plan, ledger: Ledger, done: Restored, begun: datetime, lost_at: datetime | None, say: Callable[[str], None]
) -> None:
    """Have the restored services deal with what they have not heard of, quietly, and put all copies right."""
    recorded: dict[UUID, datetime] = {}
    since = plan.manifest.taken_at - _MARGIN
    while news := await _replay_all(plan, ledger, since, begun):
        done.replayed += len(news)
        recorded |= dict.fromkeys(news, begun)
    if "notifications" in plan.services:
        recorded = await _moments(plan.target, list(recorded), begun) | {e.id: e.at for e in ledger.events()}
        loss = lost_at or _last_known(ledger) or begun
        done.quieted = await quieting.quiet(plan.target, ledger, recorded, loss)
        if "referral" not in plan.services:
            await quieting.withhold_proofs(plan.target, ledger, begun)
    for name, copy in COPIES.items():
        if plan.whole or copy.owner in plan.services or copy.service in plan.services:
            await rebuild(plan.target, name, anew=True, say=now_and_then(name, say))


async def _replay_all(plan: Plan, ledger: Ledger, since: datetime, begun: datetime) -> list[UUID]:
    news: list[UUID] = []
    for service in replaying.ORDER:
        if service in plan.services:
            news += await replaying.replay(plan.target, service, since)
            if service == "referral":
                await reapplying.adopt(plan.target, ledger, begun)
    return news


def _last_known(ledger: Ledger) -> datetime | None:
    """About when the notification database was lost: the ledger ends with it."""
    reach = ledger.until.get("notifications")
    return reach + quieting.SETTLED if reach else None


async def _moments(target: Target, ids: list[UUID], begun: datetime) -> dict[UUID, datetime]:
    """When events were recorded; those of the restore itself count as from now."""
    query = text("SELECT event_id, recorded_at FROM outbox WHERE event_id = ANY(:ids) AND recorded_at < :begun")
    found: dict[UUID, datetime] = {}
    for owner in ("catalog", "referral"):
        async with operator_database(target.database_url(owner)) as database, database.transaction() as tx:
            rows = await tx.execute(query, {"ids": ids, "begun": begun})
            found |= {row.event_id: row.recorded_at for row in rows}
    return found


async def _raise_epochs(plan: Plan, done: Restored) -> None:
    """Above every epoch that this database ever had: by the backup, by the database, by earlier restores."""
    before = _earlier_epochs(plan)
    for service in plan.services:
        known = max(plan.manifest.databases[service].epoch, before.get(service, 1))
        done.epochs[service] = await raise_epoch(plan.target.owner_url(service), known)
    record = {"backup": done.backup, "at": utc_now().isoformat(), "epochs": done.epochs}
    name = f"{_HISTORY}/{utc_now():%Y-%m-%dT%H-%M-%SZ}.json"
    plan.store.put(name, json.dumps(record).encode())


def _earlier_epochs(plan: Plan) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in plan.store.sizes(_HISTORY):
        record = json.loads(plan.store.read(name) or b"{}")
        for service, epoch in record.get("epochs", {}).items():
            found[service] = max(epoch, found.get(service, 1))
    return found


async def _unpack(target: Target, since: datetime) -> None:
    """Put back into each outbox what was recorded from then on and is packed, as where a backup is old."""
    for service in publishers():
        async with operator_database(target.database_url(service)) as database, database.transaction() as tx:
            await packs.hold(tx)
            await packs.bring_back_since(tx, since)


async def _sign_out(target: Target) -> None:
    async with operator_database(target.owner_url("portal")) as database, database.transaction() as tx:
        for table in _SIGNED_OUT:
            await tx.execute(text(f"DELETE FROM {table}"))  # noqa: S608  a name of our own


def _check_streams(plan: Plan) -> None:
    """All of a platform also needs its Redis, whose streams begin anew."""
    if plan.whole:
        _ = plan.target.redis_url


async def _empty_streams(target: Target) -> None:
    """What lies on the streams was told by databases that are gone: the relays put their logs onto empty ones."""
    redis: Any = connect(target.redis_url, socket_timeout=10, socket_connect_timeout=10)
    names = [*streams(), *(dead_stream(stream, group) for stream in streams() for group in groups_of(stream))]
    try:
        await redis.delete(*names)
    except (OSError, RedisError) as error:
        raise PlatformError(
            f"the databases are restored, and Redis does not answer ({type(error).__name__}): delete its data before "
            "the services start"
        ) from None
    finally:
        await redis.aclose()
