"""`luotsi restore`: a backup comes back, and nobody is told twice."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from luotsi.backup import sealing
from luotsi.backup.key_material import open_keys
from luotsi.backup.manifest import choose
from luotsi.backup.settings import backup_settings
from luotsi.backup.store import open_store
from luotsi.platform.data_dir import private_files, write_private
from luotsi.platform.process import PlatformError
from luotsi.platform.target import DEFAULT_DATA, DataOption, Target, find_target, whole_environment
from luotsi.restore import report
from luotsi.restore.plan import Plan
from luotsi.restore.restoring import Restored, restore
from luotsi.upgrade.backup_first import newest, place_before_upgrades
from shared.services import service_names

app = typer.Typer(no_args_is_help=True)

Identity = Annotated[
    Path, typer.Option("--identity", metavar="FILE", help="The identity that opens the backup; - is what is piped.")
]
Backup = Annotated[str, typer.Argument(metavar="[BACKUP]", help="Its name; without one, the newest.")]
Replace = Annotated[bool, typer.Option("--replace", help="Throw away what the databases hold.")]
LostAt = Annotated[
    str | None, typer.Option(metavar="TIME", help="When they were lost (ISO 8601, UTC); else where the ledger ends.")
]
Report = Annotated[Path | None, typer.Option("--report", metavar="FILE", help="A new file for the whole report, JSON.")]


@app.command("all")
def restore_all(
    identity: Identity,
    backup: Backup = "latest",
    replace: Replace = False,
    lost_at: LostAt = None,
    report_file: Report = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Restore all databases, as onto an empty machine: total loss. No service may run meanwhile."""
    with _platform(data) as target:
        plan = _plan(target, identity, backup, service_names())
        _carry_out(plan, replace=replace, lost_at=lost_at, report_file=report_file)


@app.command("one")
def restore_one(
    service: Annotated[str, typer.Argument(help=f"One of {', '.join(service_names())}.")],
    identity: Identity,
    backup: Backup = "latest",
    replace: Replace = False,
    lost_at: LostAt = None,
    report_file: Report = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Restore one database while the other services go on. Only its own processes must be stopped."""
    if service not in service_names():
        raise PlatformError(f"no such service: {service} (there are {', '.join(service_names())})")
    with _platform(data) as target:
        plan = _plan(target, identity, backup, (service,))
        _carry_out(plan, replace=replace, lost_at=lost_at, report_file=report_file)


@app.command("before-upgrade")
def restore_before_upgrade(
    identity: Annotated[
        Path | None,
        typer.Option("--identity", metavar="FILE", help="Where backups are sealed for BACKUP_RECIPIENTS."),
    ] = None,
    lost_at: LostAt = None,
    report_file: Report = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Throw away what the databases hold, for what they held before the last upgrade. Run by the old version."""
    with _platform(data) as target:
        place = place_before_upgrades(target, identity=identity)
        assert place.identity is not None
        keys = sealing.identities(place.identity)
        plan = Plan(target, place.store, newest(place.store), keys, service_names())
        _carry_out(plan, replace=True, lost_at=lost_at, report_file=report_file)


@app.command()
@private_files()
def keys(
    file: Annotated[Path, typer.Argument(help="As `luotsi backup keys` wrote it.")],
    identity: Identity,
    env: Annotated[
        Path | None, typer.Option("--env", metavar="FILE", help="Where the .env goes, instead of --data.")
    ] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Put the platform's own keys and passwords back, where there are none."""
    written = open_keys(file, sealing.identities(identity)).put_back(env, data)
    print(f"written: {', '.join(map(str, written))}")


@contextmanager
def _platform(data: Path) -> Iterator[Target]:
    """The platform that the environment names; else that of a data directory, its two servers running meanwhile."""
    environment = whole_environment()
    if any(f"{service.upper()}_DATABASE_URL" in environment for service in service_names()):
        yield find_target(data)
        return
    if not (data / "secrets.json").is_file():
        raise PlatformError(f"{data} has no secrets.json: first `luotsi restore keys FILE --data {data}`")
    from luotsi.embedded.servers import start_servers  # noqa: PLC0415  where there are wheels

    with start_servers(data, durable=True) as servers:
        facts = {
            "databases": servers.database_urls,
            "owners": servers.owner_urls,
            "redis": servers.redis_urls["operator"],
        }
        yield Target(data.absolute(), environment, facts)


def _plan(target: Target, identity: Path, backup: str, services: tuple[str, ...]) -> Plan:
    settings = backup_settings(target.environment)
    store = open_store(settings)
    return Plan(target, store, choose(store, backup), sealing.identities(identity), services)


@private_files()
def _carry_out(plan: Plan, *, replace: bool, lost_at: str | None, report_file: Path | None) -> None:
    if report_file is not None and report_file.exists():
        raise PlatformError(f"{report_file} exists already")
    begun = time.monotonic()
    done = asyncio.run(restore(plan, replace=replace, lost_at=_moment(lost_at), say=print))
    _tell(done, time.monotonic() - begun)
    if report_file is not None:
        write_private(report_file, report.as_json(vars(done)))


def _tell(done: Restored, seconds: float) -> None:
    again = done.reapplied
    print(
        f"done again out of the ledger: {again.erased} erased, {again.withdrawn} consents withdrawn, "
        f"{again.marked} marked in error, {again.expired} expired"
    )
    quieted = done.quieted
    print(
        f"{done.replayed} events were caught up on; mail: {quieted.known} known as sent, "
        f"{len(quieted.held_back)} held back, {quieted.to_send} still to be sent"
    )
    if not done.ledger_until:
        print("there is no ledger: nobody knows what was done after the backup")
    report.show(done.lost, quieted.held_back)
    print(f"restored from {done.backup} in {seconds:.1f} seconds: now start the services")


def _moment(written: str | None) -> datetime | None:
    if written is None:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise PlatformError(f"{written} is no time as in 2026-03-02T09:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
