"""What retention finds or takes away: a line for each register."""

from dataclasses import dataclass
from datetime import datetime

from luotsi.platform.target import Target
from luotsi.retention.registers import REGISTERS
from luotsi.retention.retention_run import RetentionRun, opened
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


async def retain(target: Target, periods: dict[str, int], *, run: bool) -> list[Line]:
    """Go through the registers in their order; `periods` gives days per register. Takes away only with `run`."""
    now, lines = utc_now(), []
    async with opened(target) as databases:
        for name, register in REGISTERS.items():
            retention = RetentionRun(target, databases, now, periods[name])
            due = await register.due(retention)
            rows = await register.remove(retention) if run else due.rows
            lines.append(Line(name, register.service, retention.days, register.counts_from, rows, due.oldest))
    return lines
