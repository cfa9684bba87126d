"""What runs by itself, and what operators run: each once."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from sqlalchemy import text

from bench.growth.place import Place
from luotsi.platform.copies import COPIES
from luotsi.platform.rebuilding import rebuild
from luotsi.retention.registers import PERIODS, REGISTERS, read_periods
from luotsi.retention.retention_run import RetentionRun, opened
from services.referral.jobs.deadline_scheduler import DeadlineScheduler
from services.referral.jobs.disclosure_sealer import DisclosureSealer
from services.referral.jobs.statistics_publisher import LEASE_NAME, StatisticsPublisher
from services.referral.use_cases import disclosure_log
from shared.clock import utc_now
from shared.publishing.outbox import Outbox

Job = Callable[[Place], Awaitable[str]]


def jobs(*, whole_logs: bool) -> Iterator[tuple[str, Job]]:
    """Each by its name; without `whole_logs` those that read a log of events from end to end are left out."""
    yield "scheduler, all that is due", _deadlines
    yield "scheduler, nothing is due", _deadlines
    yield "scheduler, at its start", _adopt
    yield "sealer, all days", _seal
    yield "audit verify", _verify
    yield "statistics of services, at first", _statistics
    yield "statistics of services", _statistics
    for name in REGISTERS:
        yield f"retention looks at {name}", partial(_retention, name)
    for name in COPIES:
        if whole_logs or COPIES[name].owner == "catalog":
            yield f"rebuild {name}", partial(_rebuild, name)


def _scheduler(place: Place) -> DeadlineScheduler:
    return DeadlineScheduler(place.database, Outbox("referral"), place.vault)


async def _deadlines(place: Place) -> str:
    while await _scheduler(place).step():
        pass
    return ""


async def _adopt(place: Place) -> str:
    await _scheduler(place).adopt()
    return ""


async def _seal(place: Place) -> str:
    sealer = DisclosureSealer(place.database, place.settings.audit_key.get_secret_value(), "bench")
    while await sealer.step():
        pass
    return ""


async def _verify(place: Place) -> str:
    async with place.database.transaction() as tx:
        await tx.execute(text("SET LOCAL statement_timeout = 0"))
        verdict = await disclosure_log.verify(tx, place.settings.audit_key.get_secret_value(), utc_now())
    return "; ".join(verdict.faults[:1])


async def _statistics(place: Place) -> str:
    async with place.database.transaction() as tx:
        await tx.execute(text("DELETE FROM leases WHERE name = :name"), {"name": LEASE_NAME})
    await StatisticsPublisher(place.database, Outbox("referral"), place.vault, "bench").step()
    return ""


async def _retention(name: str, place: Place) -> str:
    async with opened(place.target) as databases:
        days = read_periods(PERIODS)[name]
        await REGISTERS[name].due(RetentionRun(place.target, databases, utc_now(), days))
    return ""


async def _rebuild(name: str, place: Place) -> str:
    rebuilt = await rebuild(place.target, name)
    return f"{rebuilt.mended} rows mended" if rebuilt.mended else ""
