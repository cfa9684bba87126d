"""`python -m bench.index_building 1000000`: how long a writer waits while a migration builds indexes.

On a filled platform the indexes of migration 0018, the largest of the referrals', are taken away, and the migration is
run once more. Beside it one writer changes referrals without a pause, as the service's own role does.
"""

import argparse
import asyncio
import random
import time
from pathlib import Path
from statistics import median
from typing import Final

import asyncpg
from alembic import command

from bench.growth.costs import load
from bench.growth.place import FOLDER, started
from luotsi.embedded.servers import Servers
from shared.database.migrations import alembic_config

_MIGRATION, _BEFORE = "0018", "0017"
_INDEXES: Final = ("ix_referrals_figures", "ix_referrals_unmeasured")
_WRITE: Final = "UPDATE referrals SET news_at = now() WHERE id = $1"
_SOME: Final = "SELECT id FROM referrals TABLESAMPLE SYSTEM (1) LIMIT 10000"


def migrate(owner: str) -> None:
    """Run that migration alone."""
    config = alembic_config("referral", owner)
    config.attributes["role"] = "referral"
    command.upgrade(config, _MIGRATION)


async def write(url: str, waited: list[float]) -> None:
    """One change after the other, until cancelled; notes the seconds that each took."""
    connection = await asyncpg.connect(url)
    some = [row["id"] for row in await connection.fetch(_SOME)]
    try:
        while True:
            begun = time.monotonic()
            await connection.execute(_WRITE, random.choice(some))
            waited.append(time.monotonic() - begun)
    finally:
        connection.terminate()


async def measure(servers: Servers) -> None:
    """First the writer alone for ten seconds, then beside the migration."""
    owner = await asyncpg.connect(servers.owner_urls["referral"])
    for index in _INDEXES:
        await owner.execute(f"DROP INDEX IF EXISTS {index}")
    now_at = await owner.fetchval("SELECT version_num FROM alembic_version")
    waited: list[float] = []
    writer = asyncio.create_task(write(servers.database_urls["referral"], waited))
    await asyncio.sleep(10)
    alone, begun = waited[:], time.monotonic()
    try:
        await owner.execute("UPDATE alembic_version SET version_num = $1", _BEFORE)
        waited.clear()
        await asyncio.to_thread(migrate, servers.owner_urls["referral"])
    finally:
        await owner.execute("UPDATE alembic_version SET version_num = $1", now_at)
    print(f"built in {time.monotonic() - begun:.1f} s, load {load():.1f}")
    writer.cancel()
    for name, each in (("alone", alone), ("beside it", waited)):
        print(
            f"a writer {name}: {len(each):,} times, p50 {1000 * median(each):.1f} ms, longest {1000 * max(each):.0f} ms"
        )
    for index in _INDEXES:
        size = await owner.fetchval("SELECT pg_relation_size($1::regclass)", index)
        print(f"{index}: {size / 1e6:.0f} MB")
    await owner.close()


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.index_building", description=__doc__)
    parser.add_argument("referrals", type=int, help="of a platform that `python -m bench.growth` has filled")
    parser.add_argument("--data", type=Path, default=FOLDER, help="where the filled platforms lie")
    asked = parser.parse_args()
    with started(asked.data.absolute() / str(asked.referrals)) as servers:
        asyncio.run(measure(servers))


if __name__ == "__main__":
    main()
