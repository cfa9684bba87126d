"""What `luotsi retention` prints."""

import json

from rich.console import Console
from rich.table import Table

from luotsi.retention.lines import Line


def say(lines: list[Line], *, removed: bool, as_json: bool) -> None:
    """Print the registers, as JSON or as a table."""
    if as_json:
        print(_in_json(lines, removed=removed))
    else:
        _show(lines, removed=removed)


def _in_json(lines: list[Line], *, removed: bool) -> str:
    """The registers as one line of JSON."""
    found = [{**vars(line), "oldest": line.oldest.isoformat() if line.oldest else None} for line in lines]
    return json.dumps({"removed": removed, "registers": found})


def _show(lines: list[Line], *, removed: bool) -> None:
    """Print the registers as a table."""
    table = Table("register", "kept", "from", "removed" if removed else "due", "oldest")
    for line in lines:
        oldest = f"{line.oldest:%Y-%m-%d}" if line.oldest else ""
        table.add_row(line.register, f"{line.days} days", line.counts_from, str(line.rows), oldest)
    Console().print(table)
    if not removed:
        print("nothing was taken away: --run does it")
