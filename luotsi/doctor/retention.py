"""A look at retention: does it run, and what would it take away tonight?"""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Final

from luotsi.doctor.finding import A_DAY_MISSED, Finding, age
from luotsi.platform.target import Target
from luotsi.retention.lines import Line, retain
from luotsi.retention.registers import PERIODS, read_periods
from luotsi.retention.runs import last_run
from luotsi.retention.schedule import is_on
from shared.clock import utc_now

_COUNT_SECONDS: Final = 4.0


async def retention(target: Target) -> list[Finding]:
    """Whether it has run within the last night, and what is due."""
    last, lines = await asyncio.gather(last_run(target), _due(target))
    due = _said(lines)
    if not is_on({**target.environment, **_stated(target)}):
        return [Finding("retention", True, f"is off (RETENTION); {due}")]
    if last is None:
        advice = (
            "look at it with `luotsi retention` before the first night, at 2.30; RETENTION=false keeps it from running"
        )
        return [Finding("retention", not lines, f"has not run yet; {due}", advice)]
    ago: datetime = utc_now()
    note = f"ran {age((ago - last).total_seconds())} ago; {due}"
    return [Finding("retention", ago - last < A_DAY_MISSED, note, "is `retention` running? Its log says why it fails")]


def _stated(target: Target) -> dict[str, str]:
    """What a platform that runs here was told, whatever the environment of this command says."""
    return {"RETENTION": target.platform["retention"]} if "retention" in target.platform else {}


async def _due(target: Target) -> list[Line] | None:
    """What is due; None when counting takes too long for a look."""
    periods = read_periods(Path(target.environment.get("RETENTION_FILE") or PERIODS))
    try:
        lines = await asyncio.wait_for(retain(target, periods, run=False), _COUNT_SECONDS)
    except TimeoutError:
        return None
    return [line for line in lines if line.rows]


def _said(lines: list[Line] | None) -> str:
    if lines is None:
        return "what is due takes long to count: `luotsi retention` does"
    return "due: " + (", ".join(f"{line.register} {line.rows}" for line in lines) or "nothing")
