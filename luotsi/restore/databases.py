"""Putting a dump into its database: whole, in one transaction, or not at all."""

import subprocess
import tempfile
from typing import IO, Final

from luotsi.backup import postgres_tools
from luotsi.backup.manifest import path_of
from luotsi.backup.verifying import as_sql
from luotsi.platform.process import PlatformError
from luotsi.restore.plan import Plan
from shared.database.addresses import connect, database_in
from shared.database.epochs import EPOCH, set_epoch

# What the backup does not know would stay otherwise, such as a table of a newer version.
_EMPTY: Final = """
BEGIN;
SET client_min_messages = warning;
DO $$
DECLARE thing record;
BEGIN
    FOR thing IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DROP TABLE IF EXISTS public.%I CASCADE', thing.name);
    END LOOP;
    FOR thing IN SELECT sequencename AS name FROM pg_sequences WHERE schemaname = 'public' LOOP
        EXECUTE format('DROP SEQUENCE IF EXISTS public.%I CASCADE', thing.name);
    END LOOP;
    FOR thing IN SELECT oid::regprocedure AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace LOOP
        EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', thing.name);
    END LOOP;
END $$;
"""


def put(plan: Plan, service: str) -> None:
    """Put a service's dump in the place of all that its database holds.

    PlatformError when that fails; the database is what it was then.
    """
    sealed = plan.store.stream(path_of(plan.manifest.name, plan.manifest.databases[service].file))
    with tempfile.TemporaryFile() as said:
        writing = postgres_tools.start(
            "psql",
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--file=-",
            url=plan.target.owner_url(service),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        assert writing.stdin is not None
        try:
            _write(writing.stdin, as_sql(sealed, plan.keys))
            if writing.wait() != 0:
                raise PlatformError(_failed(service, said))
        except BrokenPipeError:
            writing.wait()
            raise PlatformError(_failed(service, said)) from None
        finally:
            writing.kill()  # without COMMIT nothing was done
            writing.wait()


def _write(into: IO[bytes], script: object) -> None:
    with into:
        into.write(_EMPTY.encode())
        for piece in script:  # type: ignore[attr-defined]
            into.write(piece)
        into.write(b"\nCOMMIT;\n")


def _failed(service: str, said: IO[bytes]) -> str:
    return f"the database {service} is what it was, for its restore failed: {postgres_tools.complaint(said)}"


async def raise_epoch(owner_url: str, at_least: int) -> int:
    """Raise the epoch of a database above `at_least` and above its own; returns it.

    Whatever is recorded from now on overrules what others learnt of it before.
    """
    connection = await connect(owner_url, timeout=10)
    try:
        epoch = max(at_least, await connection.fetchval(EPOCH) or 1) + 1
        await connection.execute(set_epoch(database_in(owner_url), epoch))
    finally:
        await connection.close()
    return epoch
