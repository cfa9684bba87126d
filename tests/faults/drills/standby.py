"""A standby that is not synchronous takes over, and the last seconds of the primary are missing in every database."""

import asyncio
import random
import shutil
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg

from luotsi.embedded.account import binaries, server_account
from luotsi.platform.process import ProcessSpec, as_account
from luotsi.platform.process_specs import free_port_base
from shared.services import publishers, service_names
from tests.faults.checks.rewound import Rewound
from tests.faults.checks.snapshot import read_log
from tests.faults.drills.operator import Operator
from tests.faults.lab import PATIENCE, Lab, read_ports

_BEHIND: Final = 6.0
"""Seconds of work that the standby has never heard of."""
_REPLICATION: Final = ("-c", "wal_level=replica", "-c", "max_wal_senders=4", "-c", "hot_standby=on")
_MARGIN: Final = timedelta(minutes=10)
_SEEN: Final = "SELECT id FROM notices WHERE seen_at IS NOT NULL"


async def promote_standby(lab: Lab, lot: random.Random) -> None:
    """What an operator does then is in docs/external-servers.md: a higher epoch, events again, copies anew."""
    operator = Operator(lab)
    standby = await _standby_of(lab)
    await asyncio.sleep(_BEHIND)
    safe = {service: frozenset(event.id for event in await read_log(lab, service)) for service in publishers()}
    await _has_all(lab)
    await lab.hands.stop(["standby"], grace=10)
    await asyncio.sleep(_BEHIND)
    lab.rewinding = True
    names = await operator.stop(*service_names())
    await asyncio.sleep(1)  # who was answered has written it down
    before, lost_at = {service: await read_log(lab, service) for service in publishers()}, time.time()
    seen, deliveries = await _notices(lab)
    await _take_over(lab, standby)
    still_seen, still_there = await _notices(lab)
    gone = (seen - still_seen, deliveries - still_there)
    for service, log in before.items():
        after = tuple(await read_log(lab, service))
        lab.rewound.append(Rewound(service, safe[service], tuple(log), after, lost_at, *gone))
    await _agree(lab, operator, names)


async def _standby_of(lab: Lab) -> Path:
    """The primary begins to tell its log, and a copy of it follows. Returns the copy's folder."""
    lab.hands.postgres_options = _REPLICATION
    await lab.hands.stop(["postgres"], grace=30)
    lab.hands.start(lab.hands.specs["postgres"])
    await lab.settled_servers()
    account, folder = server_account(), lab.data.root / "standby"
    folder.mkdir(mode=0o700)
    if account:
        shutil.chown(folder, account.uid, account.gid)
    await asyncio.to_thread(_copy, lab, folder)
    lab.hands.start(_in(folder, lab.hands.specs["postgres"], free_port_base()))
    return folder


def _copy(lab: Lab, folder: Path) -> None:
    account, port = server_account(), read_ports(lab.data)["postgres"]
    options = ["-R", "-X", "stream", "-c", "fast", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres"]
    done = subprocess.run(
        [str(binaries(account) / "pg_basebackup"), "-D", str(folder), *options],
        env={"PGPASSWORD": lab.data.secret("postgres_postgres"), "LC_ALL": "C.UTF-8"},
        cwd="/",
        capture_output=True,
        check=False,
        **as_account(account),
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode())


def _in(folder: Path, primary: ProcessSpec, port: int) -> ProcessSpec:
    argv = [primary.argv[0], "-D", str(folder), *primary.argv[3:], *_REPLICATION, "-c", f"port={port}"]
    return replace(primary, name="standby", argv=argv, cwd=folder)


async def _has_all(lab: Lab) -> None:
    """Wait until the standby has what the primary has by now. Raises TimeoutError."""
    admin = await asyncpg.connect(lab.superuser_url(), timeout=10)
    try:
        now = await admin.fetchval("SELECT pg_current_wal_insert_lsn()::text")
        followed = "SELECT count(*) FROM pg_stat_replication WHERE flush_lsn >= $1::text::pg_lsn"
        async with asyncio.timeout(PATIENCE):
            while not await admin.fetchval(followed, now):
                await asyncio.sleep(0.2)
    finally:
        await admin.close()


async def _take_over(lab: Lab, standby: Path) -> None:
    """The primary is dead, and the standby is at its address."""
    await lab.hands.stop(["postgres"], grace=0)
    primary = lab.hands.specs["postgres"]
    lab.hands.start(replace(primary, argv=[primary.argv[0], "-D", str(standby), *primary.argv[3:]], cwd=standby))
    await lab.settled_servers()
    admin = await asyncpg.connect(lab.superuser_url(), timeout=10)
    try:
        if not await admin.fetchval("SELECT pg_promote(true, 60)", timeout=90):
            raise TimeoutError("the standby was not promoted")
    finally:
        await admin.close()


async def _notices(lab: Lab) -> tuple[frozenset[str], frozenset[str]]:
    """Notices that somebody has seen, and the deliveries that there are."""
    seen = await lab.query("notifications", _SEEN)
    deliveries = await lab.query("notifications", "SELECT id FROM deliveries")
    return frozenset(str(row["id"]) for row in seen), frozenset(str(row["id"]) for row in deliveries)


async def _agree(lab: Lab, operator: Operator, names: list[str]) -> None:
    for name in names:
        spec = lab.hands.specs[name]
        lab.hands.specs[name] = replace(spec, env={**spec.env, "EPOCH": "2"})
    operator.start(names)
    since = (datetime.now(UTC) - _MARGIN).isoformat()
    for service in publishers():
        await operator.luotsi("events", "republish", service, "--since", since)
    await operator.luotsi("rebuild", "--all")
