"""`luotsi doctor`: one look at every piece of a platform."""

import asyncio
from collections.abc import Awaitable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Final

import asyncpg
from redis.exceptions import RedisError
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from luotsi.doctor.backups import backups
from luotsi.doctor.databases import PATIENCE_SECONDS, Look, look_into, seals, timers
from luotsi.doctor.finding import Finding
from luotsi.doctor.keys import keys
from luotsi.doctor.mail import mail
from luotsi.doctor.retention import retention
from luotsi.doctor.streams import redis
from luotsi.platform.probe import readiness
from luotsi.platform.process import PlatformError
from luotsi.platform.target import Target
from shared.services import SERVICES

_LOOKS_AT_ONCE: Final = 32
"""More than there are, each of which waits for one thing at a time"""
_FURTHER: Final[Mapping[str, list[Look]]] = {"referral": [timers, seals], "notifications": [mail]}
"""What else is looked at in a service's database."""


def look_at_all(target: Target) -> list[Finding]:
    """What there is to say of every piece of the platform.

    Each look may wait in a thread for the address of a server that is gone; the others are not to wait for it.
    """
    with asyncio.Runner() as runner, ThreadPoolExecutor(_LOOKS_AT_ONCE) as threads:
        runner.get_loop().set_default_executor(threads)
        return runner.run(examine(target))


async def examine(target: Target) -> list[Finding]:
    """Look at databases, keys, Redis, streams and every service, all at the same time."""
    looks = [
        _guarded(f"database {service.name}", look_into(target, service, _FURTHER.get(service.name, ())))
        for service in SERVICES
    ]
    looks += [
        _guarded("keys", keys(target)),
        _guarded("redis", redis(target)),
        _guarded("retention", retention(target)),
        _guarded("backups", backups(target)),
    ]
    looks += [
        _guarded(f"service {service.name}", _web(target, service.name))
        for service in SERVICES
        if "web" in service.processes
    ]
    return [finding for findings in await asyncio.gather(*looks) for finding in findings]


def show(findings: list[Finding]) -> None:
    """Print the findings as one table, each that is not well with what to do."""
    table = Table("", "Piece", "Finding", box=None)
    for finding in findings:
        mark = "[green]ok[/]" if finding.well else "[bold red]!![/]"
        advice = f": {finding.advice}" if finding.advice and not finding.well else ""
        table.add_row(mark, finding.piece, f"{finding.note}{advice}")
    Console().print(table)


async def _guarded(piece: str, look: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        return await asyncio.wait_for(look, PATIENCE_SECONDS)
    except TimeoutError:
        return [Finding(piece, False, "does not answer", "is it running, and has it room on its disk?")]
    except (OSError, PlatformError, RedisError, asyncpg.PostgresError, SQLAlchemyError) as error:
        return [Finding(piece, False, str(error) or type(error).__name__)]


async def _web(target: Target, service: str) -> list[Finding]:
    piece, url = f"service {service}", target.service_url(service)
    if not url:
        return [Finding(piece, False, "its address is not known", f"set {service.upper()}_URL")]
    status, answer = await asyncio.to_thread(readiness, url)
    dependencies = ", ".join(f"{name} {state}" for name, state in answer.get("dependencies", {}).items())
    note = f"{answer.get('status', 'does not answer')} at {url}" + (f" ({dependencies})" if dependencies else "")
    if answer.get("late"):
        note += f", late: {', '.join(answer['late'])}"
    well = status == HTTPStatus.OK and answer.get("status") == "ready"
    return [Finding(piece, well, note, f"the log of {service}-web says why")]
