"""`luotsi backup`: backups of all databases, sealed for those who may read them."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from luotsi.backup import keeping, making, schedule, sealing, verifying
from luotsi.backup.key_material import read_keys
from luotsi.backup.ledger import prune_ledger
from luotsi.backup.ledger_writer import LedgerWriter
from luotsi.backup.manifest import choose, finished, names, read_manifest
from luotsi.backup.settings import BackupSettings, backup_settings
from luotsi.backup.store import BackupStore, open_store
from luotsi.platform.data_dir import private_files, write_private
from luotsi.platform.process import PlatformError
from luotsi.platform.target import DEFAULT_DATA, DataOption, Target, find_target
from shared.clock import utc_now

app = typer.Typer(no_args_is_help=True)

To = Annotated[
    str | None, typer.Option("--target", metavar="TARGET", help="A directory, or s3://bucket/prefix: BACKUP_TARGET.")
]


@dataclass(frozen=True)
class Place:
    """A platform, what is set about its backups, and where they lie."""

    target: Target
    settings: BackupSettings
    store: BackupStore


def place(data: Path, where: str | None) -> Place:
    """The platform of `data` or of the environment, and its backups."""
    target = find_target(data)
    settings = backup_settings({**target.environment, **({"BACKUP_TARGET": where} if where else {})})
    return Place(target, settings, open_store(settings))


@app.command()
def identity(file: Annotated[Path, typer.Argument(help="A new file; keep it where backups are not.")]) -> None:
    """Make the key that opens backups, and print its public half, which makes them."""
    if file.exists():
        raise PlatformError(f"{file} exists already")
    secret, public = sealing.new_identity()
    write_private(file, secret)
    print(f"BACKUP_RECIPIENTS={public}")


@app.command("make")
@private_files()
def make_backup(data: DataOption = DEFAULT_DATA, to: To = None) -> None:
    """Back up all databases now, while the platform runs."""
    at = place(data, to)
    for_whom = sealing.recipients(at.settings.backup_recipients)
    manifest = asyncio.run(making.make(at.target, at.store, for_whom))
    verifying.verify_whole(at.store, manifest)
    size = sum(part.bytes for part in manifest.databases.values())
    print(f"{manifest.name}: {len(manifest.databases)} databases, {size} bytes, read again and whole")


@app.command()
@private_files()
def ledger(data: DataOption = DEFAULT_DATA, to: To = None) -> None:
    """Write down beside the backups what was done since the last time, in ids and codes; `run` does so by itself."""
    at = place(data, to)
    writer = LedgerWriter(at.target, at.store, sealing.recipients(at.settings.backup_recipients))
    print(f"{asyncio.run(writer.append(utc_now()))} entries")


@app.command("list")
def list_backups(data: DataOption = DEFAULT_DATA, to: To = None) -> None:
    """The backups there are, newest first."""
    at = place(data, to)
    there, whole = names(at.store), finished(at.store)
    if not there:
        print(f"there is no backup in {at.store.shown} yet")
        return
    table = Table("backup", "databases", "bytes", box=None)
    for name in reversed(there):
        if name not in whole:
            table.add_row(name, "not finished", "")
            continue
        manifest = read_manifest(at.store, name)
        size = sum(part.bytes for part in manifest.databases.values())
        table.add_row(name, ", ".join(manifest.databases), str(size))
    Console().print(table)


@app.command()
def verify(
    name: Annotated[str, typer.Argument(help="Which one.")] = "latest",
    identity: Annotated[
        Path | None,
        typer.Option("--identity", metavar="FILE", help="Also open it to its end; - is what is piped."),
    ] = None,
    data: DataOption = DEFAULT_DATA,
    to: To = None,
) -> None:
    """Is a backup whole and undamaged? With the identity: does it open, and can PostgreSQL read all of it?"""
    at = place(data, to)
    manifest = choose(at.store, name)
    verifying.verify_whole(at.store, manifest)
    if identity is None:
        print(f"{manifest.name} is whole; whether it opens takes --identity")
        return
    keys = sealing.identities(identity)
    for service in manifest.databases:
        size = verifying.verify_readable(at.store, manifest, service, keys)
        print(f"{service}: opens, {size} bytes of SQL, read to the end")
    print(f"{manifest.name} is whole and can be restored")


@app.command()
@private_files()
def run(data: DataOption = DEFAULT_DATA, to: To = None) -> None:
    """Keep the ledger each minute and make backups at BACKUP_AT, read again and kept as is set, until Ctrl-C."""
    at = place(data, to)
    schedule.run(at.target, at.store, at.settings)


@app.command()
def prune(data: DataOption = DEFAULT_DATA, to: To = None) -> None:
    """Remove the backups that are older than BACKUP_KEEP_DAILY, _WEEKLY and _MONTHLY say."""
    at = place(data, to)
    gone = keeping.prune(at.store, at.settings, utc_now())
    prune_ledger(at.store)
    print(f"removed: {', '.join(gone)}" if gone else "none is old enough to go")


@app.command()
def keys(
    file: Annotated[Path, typer.Argument(help="A new file; keep it apart from the backups.")],
    env: Annotated[
        Path | None, typer.Option("--env", metavar="FILE", help="The .env of a compose deployment, instead of --data.")
    ] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Seal the platform's own keys and passwords into FILE, for BACKUP_RECIPIENTS. No backup holds them."""
    if file.exists():
        raise PlatformError(f"{file} exists already")
    given: dict[str, Any] = dict(find_target(data).environment)
    kept = read_keys(env, data)
    if env is not None:
        given |= {name: value for name, value in kept.variables.items() if name == "BACKUP_RECIPIENTS"}
    for_whom = sealing.recipients(backup_settings(given).backup_recipients)
    kept.write_sealed(file, for_whom)
    print(f"{file} holds {', '.join(kept.files)}, sealed: keep it where no backup is")
