"""The command: shows what is due in each register, and takes it away when told to."""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from luotsi.retention.place import Place, opened
from luotsi.retention.registers import PERIODS, REGISTERS, read_periods
from luotsi.target import DEFAULT_DATA, DataOption, Target, find_target
from shared.clock import utc_now


@dataclass(frozen=True)
class Line:
    """One register: its period, what is due or was removed, and the oldest of it."""

    register: str
    service: str
    days: int
    counts_from: str
    rows: int
    oldest: datetime | None


def retention(
    run: Annotated[bool, typer.Option("--run/--dry-run", help="Take it away, or only show it.")] = False,
    periods: Annotated[Path, typer.Option("--file", help="Days per register, instead of those of Luotsi.")] = PERIODS,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """What was kept long enough, register by register. Nothing is taken away without --run."""
    lines = asyncio.run(_retain(find_target(data), read_periods(periods), run=run))
    if as_json:
        found = [{**vars(line), "oldest": line.oldest.isoformat() if line.oldest else None} for line in lines]
        print(json.dumps({"removed": run, "registers": found}))
        return
    table = Table("register", "kept", "from", "removed" if run else "due", "oldest")
    for line in lines:
        oldest = f"{line.oldest:%Y-%m-%d}" if line.oldest else ""
        table.add_row(line.register, f"{line.days} days", line.counts_from, str(line.rows), oldest)
    Console().print(table)
    if not run:
        print("nothing was taken away: --run does it")


async def _retain(target: Target, periods: dict[str, int], *, run: bool) -> list[Line]:
    now, lines = utc_now(), []
    async with opened(target) as databases:
        for name, register in REGISTERS.items():
            place = Place(target, databases, now, periods[name])
            due = await register.due(place)
            rows = await register.remove(place) if run else due.rows
            lines.append(Line(name, register.service, place.days, register.counts_from, rows, due.oldest))
    return lines
