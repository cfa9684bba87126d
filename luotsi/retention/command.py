"""The command: shows what is due in each register, and takes it away when told to."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Final

import typer

from luotsi.platform.target import DEFAULT_DATA, DataOption, find_target

PERIODS: Final = Path(__file__).with_name("registers.yaml")


def retention(
    run: Annotated[bool, typer.Option("--run/--dry-run", help="Take it away, or only show it.")] = False,
    periods: Annotated[Path, typer.Option("--file", help="Days per register, instead of those of Luotsi.")] = PERIODS,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """What was kept long enough, register by register. Nothing is taken away without --run."""
    # Other commands start without what this one needs.
    from rich.console import Console
    from rich.table import Table

    from luotsi.retention.lines import retain
    from luotsi.retention.registers import read_periods

    lines = asyncio.run(retain(find_target(data), read_periods(periods), run=run))
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
