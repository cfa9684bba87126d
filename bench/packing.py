"""`python -m bench.packing --data DIR`: pack what is at rest on a platform that runs; what that saves, and takes."""

import argparse
import asyncio
import resource
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.table import Table

from luotsi.platform.target import Target, find_target
from services.referral.use_cases.service_statistics import FACTS
from shared.database.connections import Database
from shared.publishing.event_packer import EventPacker
from shared.redis import connect
from shared.services import get_service

_TABLES = ("outbox", "event_packs", "packed_subjects")


async def _sizes(owner: Any) -> int:
    """Bytes of the log, without what deleted rows leave, which is used again."""
    for table in _TABLES:
        await owner.execute(f"VACUUM FULL {table}")
    return int(await owner.fetchval("SELECT sum(pg_total_relation_size(t)) FROM unnest($1::regclass[]) t", _TABLES))


async def _measure(target: Target, service: str, days: float) -> tuple[int, int, int, float]:
    """Events that were packed, bytes of the log before and after, and seconds of this process's processor time."""
    owner = await asyncpg.connect(target.owner_url(service))
    database, redis = Database(target.database_url(service)), connect(target.redis_url)
    stream = get_service(service).stream
    assert stream is not None
    try:
        before = await _sizes(owner)
        begun = resource.getrusage(resource.RUSAGE_SELF)
        packed = await EventPacker(database, redis, stream, days, [FACTS]).look_through()
        ended = resource.getrusage(resource.RUSAGE_SELF)
        taken = ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime
        return packed, before, await _sizes(owner), taken
    finally:
        await owner.close()
        await database.close()
        await redis.aclose()


async def _main(target: Target, days: float) -> None:
    table = Table("log of", "events packed", "before", "after", "per event before", "after", "CPU µs/event")
    for service in ("referral", "notifications"):
        packed, before, after, taken = await _measure(target, service, days)
        each = max(packed, 1)
        numbers = (before, after, before // each, after // each, round(taken / each * 1e6))
        table.add_row(service, f"{packed:,}", *(f"{number:,}" for number in numbers))
    Console(width=120).print(table)


def main() -> None:
    """Read what is asked for, and measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.packing", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".luotsi"), help="data directory of a running platform")
    parser.add_argument("--days", type=float, default=90, help="at rest for so long")
    asked = parser.parse_args()
    asyncio.run(_main(find_target(asked.data), asked.days))


if __name__ == "__main__":
    main()
