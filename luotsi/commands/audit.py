"""`luotsi audit`: checking the log of who was shown what, and sealing it."""

import asyncio
from typing import Annotated

import typer
from sqlalchemy import text

from luotsi.platform.operator_database import operator_database
from luotsi.platform.process import PlatformError
from luotsi.platform.target import DEFAULT_DATA, DataOption, Target, find_target
from services.referral.use_cases import disclosure_log
from shared.clock import utc_now

app = typer.Typer(no_args_is_help=True)


@app.command()
def verify(
    seal: Annotated[str | None, typer.Option(metavar="HEX", help="A seal seen earlier; the log must hold it.")] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Compute every seal anew. Exit code 1 when a day does not match, and the first that does not is named."""
    verdict = asyncio.run(_verify(find_target(data), _bytes(seal) if seal else None))
    print(f"{verdict.days} sealed days with {verdict.rows} rows, {verdict.unsealed} rows of days not sealed yet")
    if verdict.newest:
        print(f"newest seal, of {verdict.newest.day}: {verdict.newest.seal.hex()}")
    for fault in verdict.faults:
        print(f"NOT AS SEALED: {fault}")
    if verdict.faults:
        raise typer.Exit(1)


@app.command()
def seal(data: DataOption = DEFAULT_DATA) -> None:
    """Seal every day that is over, as a worker does by itself."""
    days = asyncio.run(_seal(find_target(data)))
    print(f"{days} days sealed")


def _bytes(written: str) -> bytes:
    try:
        return bytes.fromhex(written)
    except ValueError:
        raise PlatformError("a seal is written in hexadecimal, as `luotsi audit verify` shows it") from None


async def _verify(target: Target, known: bytes | None) -> disclosure_log.Verdict:
    async with operator_database(target.database_url("referral")) as database, database.transaction() as tx:
        await tx.execute(text("SET LOCAL statement_timeout = 0"))
        return await disclosure_log.verify(tx, target.key("AUDIT_KEY"), utc_now(), known)


async def _seal(target: Target) -> int:
    days = 0
    async with operator_database(target.database_url("referral")) as database:
        while True:
            async with database.transaction() as tx:
                made = await disclosure_log.seal_finished_days(tx, target.key("AUDIT_KEY"), utc_now())
            days += len(made)
            if not made:
                return days
