"""`python -m bench.replaying 100000`: how late notices come while a stream that was lost is filled again.

A platform of its own, whose referral service has published so many events, and whose notification service has dealt
with all of them. Its stream is deleted, and then referrals are sent. Other versions may be measured the same way.
"""

import argparse
import asyncio
import contextlib
import time
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

import asyncpg

from bench.notices import Load, attended
from bench.platform import UNLIMITED
from luotsi.demo.platform import DemoPlatform, own_platform
from shared.redis import connect

STREAM: Final = "referral.events"
_RATE: Final = 2
_EACH: Final = 10
"""Events of one referral"""

_ID: Final = "CAST(md5('{of}' || n) AS uuid)"
_PUBLISHED: Final = f"""
WITH one AS (SELECT CAST(payload AS jsonb) AS event FROM outbox WHERE type = 'referral.sent.v1' ORDER BY id LIMIT 1)
INSERT INTO outbox (event_id, type, subject, payload, recorded_at, published_at, entry_ms, entry_seq)
SELECT {_ID.format(of="event")}, 'referral.sent.v1', md5('subject' || n / {_EACH})::uuid::text,
    (event || jsonb_build_object('id', {_ID.format(of="event")}, 'subject', md5('subject' || n / {_EACH})::uuid))::text,
    now() - interval '1 day', now() - interval '1 day', 1000 + n, 0
FROM one, generate_series(1, $1::int) AS n
"""
_DEALT_WITH: Final = f"""
INSERT INTO inbox (event_id, consumer)
SELECT {_ID.format(of="event")}, 'notifications' FROM generate_series(1, $1::int) AS n
"""
_LEFT: Final = "SELECT count(*) FROM outbox WHERE published_at IS NULL OR entry_ms < 10000000000"


@dataclass
class Watched:
    """What was seen while the stream was filled."""

    seconds: float = 0.0
    most_entries: int = 0
    most_bytes: int = 0


async def fill(platform: DemoPlatform, events: int) -> None:
    """A log of so many events, all on the stream once, and dealt with."""
    for service, statement in (("referral", _PUBLISHED), ("notifications", _DEALT_WITH)):
        connection = await asyncpg.connect(platform.target.owner_url(service))
        await connection.execute(statement, events, timeout=900)
        await connection.execute("ANALYZE", timeout=900)
        await connection.close()


async def watch(platform: DemoPlatform, redis: Any, watched: Watched) -> None:
    """Look until nothing is left to be published again."""
    begun = time.monotonic()
    connection = await asyncpg.connect(platform.target.owner_url("referral"))
    while await connection.fetchval(_LEFT, timeout=900):
        watched.most_entries = max(watched.most_entries, await redis.xlen(STREAM))
        watched.most_bytes = max(watched.most_bytes, (await redis.info("memory"))["used_memory"])
        await asyncio.sleep(0.5)
    watched.seconds = time.monotonic() - begun
    await connection.close()


async def measure(events: int, patience: float) -> None:
    """Fill, lose, and send referrals meanwhile."""
    async with own_platform(**UNLIMITED) as platform, attended(platform) as load:
        await load.one_by_one(1)
        redis = connect(platform.target.redis_url)
        await fill(platform, events)
        before = await _late(load, 10)
        await redis.delete(STREAM)
        watched = Watched()
        watching = asyncio.create_task(watch(platform, redis, watched))
        late = await _late(load, 20, patience)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(watching, patience)
        await redis.aclose()
        print(f"{events} events; from sent to notice, p50 and longest: {before} before, {late} after the loss")
        print(
            f"filled again after {watched.seconds or patience:.0f} s; at most {watched.most_entries} entries and "
            f"{watched.most_bytes / 2**20:.0f} MiB in Valkey"
        )


async def _late(load: Load, seconds: float, patience: float = 60.0) -> str:
    samples = await load.round(_RATE, seconds, patience)
    found = (
        f"{median(samples.notice_ms) / 1000:.2f} s and {max(samples.notice_ms) / 1000:.2f} s"
        if samples.notice_ms
        else "none"
    )
    return found + (f" ({samples.lost} never came)" if samples.lost else "")


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(prog="python -m bench.replaying", description=__doc__)
    parser.add_argument("events", type=int)
    parser.add_argument("--patience", type=float, default=600.0, help="seconds that the slowest notice is waited for")
    asked = parser.parse_args()
    asyncio.run(measure(asked.events, asked.patience))


if __name__ == "__main__":
    main()
