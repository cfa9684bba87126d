"""The commands of `luotsi`. Each imports what it needs, so that all of them start quickly."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from luotsi.commands.lazy_group import lazy_group
from luotsi.platform.process import PlatformError
from luotsi.platform.surroundings import said_of_surroundings
from luotsi.platform.target import DEFAULT_DATA, DataOption, find_target
from shared.services import service_names
from shared.version import VERSION

app = typer.Typer(no_args_is_help=True, add_completion=False)
for _name, _about in {
    "admin": "Administrators of the platform.",
    "events": "How far events have come, and publishing them again.",
    "audit": "The log of who was shown what: check it, seal it.",
    "client": "What a client is entitled to: a report, an export, to be erased.",
    "member": "Members of staff: who there is, let in, change, deactivate.",
    "backup": "Backups: make, verify, keep for a while.",
    "mail": "Mail: try the server, see what fails, try it again.",
    "restore": "Bring a backup back.",
    "keys": "The keys of the platform: change them while it runs.",
}.items():
    app.add_typer(lazy_group(f"luotsi.commands.{_name}", _about), name=_name)


def _say_version(asked: bool) -> None:
    if asked:
        print(f"luotsi {VERSION}")
        raise typer.Exit


@app.callback()
def start(
    _: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    """Run and look after a Luotsi platform."""


@app.command()
def up(
    data: DataOption = DEFAULT_DATA,
    port_base: Annotated[
        int, typer.Option(min=1024, max=65000, help="Port of the portal; the APIs are on the ports right after it.")
    ] = 8000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON when ready.")] = False,
) -> None:
    """Run the whole platform here until Ctrl-C: databases, services, workers."""
    from luotsi.commands.up import run
    from luotsi.platform import ready_message

    asyncio.run(run(data, port_base, ready_message.as_json if as_json else ready_message.as_text(data)))


@app.command()
def token(
    email: Annotated[str, typer.Argument(help="The member to act as.")],
    data: DataOption = DEFAULT_DATA,
    org: Annotated[str | None, typer.Option(help="Slug of the organisation, when there are several.")] = None,
) -> None:
    """Print an access token that speaks for a member for 15 minutes."""
    from luotsi.platform.tokens import choose_member, sign_token

    target = find_target(data)
    member = asyncio.run(choose_member(target.database_url("catalog"), email, org))
    print(sign_token(target.signing_key, target.issuer, member))


@app.command()
def migrate(
    services: Annotated[list[str] | None, typer.Argument(help="Which services; all by default.")] = None,
    backup: Annotated[
        bool, typer.Option("--backup/--no-backup", envvar="MIGRATE_BACKUP", help="Whether to back up first.")
    ] = True,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Bring databases to the newest schema, after a backup where any changes; running it again changes nothing."""
    from luotsi.commands.migrate import run

    run(find_target(data), services or service_names(), backup=backup)


@app.command()
def rehearse(
    backup: Annotated[
        str | None, typer.Argument(metavar="[BACKUP]", help="A backup, `latest` being the newest; else what is now.")
    ] = None,
    identity: Annotated[
        Path | None, typer.Option("--identity", metavar="FILE", help="What opens the backup; - is what is piped.")
    ] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Run this version's migrations on a copy that is thrown away, and say how long each takes."""
    from luotsi.commands.rehearse import run

    run(find_target(data), backup, identity)


@app.command()
def seed(
    data: DataOption = DEFAULT_DATA,
    accounts: Annotated[bool, typer.Option(help="Also the accounts to try things with.")] = True,
) -> None:
    """Insert the organisations and services of Kuopio where missing; overwrites nothing."""
    from services.catalog.use_cases.seed import seed as seed_catalog

    report = seed_catalog(find_target(data).database_url("catalog"), with_members=accounts)
    print(f"catalog: {report.organizations} organisations, {report.services} services, {report.members} members new")
    if report.filled:
        print(f"catalog: {report.filled} services got what nobody had said of them")


@app.command()
def rebuild(
    copy: Annotated[str | None, typer.Argument(metavar="[COPY]", help="As in referral.members.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every copy that any service keeps.")] = False,
    anew: Annotated[bool, typer.Option(help="Begin at the first row, whatever was broken off today.")] = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Make a service's copy of another one's facts anew from the owner's log; nobody gets a notice.

    One that is broken off goes on where it was.
    """
    from luotsi.commands.rebuild import run

    run(find_target(data), copy, everything=everything, anew=anew)


@app.command()
def doctor(data: DataOption = DEFAULT_DATA) -> None:
    """Look at every piece of the platform; exit code 1 when something is wrong."""
    from luotsi.commands.doctor import look_at_all, show

    findings = look_at_all(find_target(data))
    show(findings)
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)


@app.command()
def env(
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path(".env"),
    force: Annotated[bool, typer.Option(help="Set an existing file aside as <name>.old.")] = False,
    add: Annotated[bool, typer.Option(help="Add to an existing file what a newer version wants.")] = False,
) -> None:
    """Write the `.env` of a compose deployment with random secrets, once."""
    from luotsi.commands.env import run

    run(path, force=force, add=add)


@app.command(name="import")
def import_(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="CSV files, in any order; - is standard input.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    invitations: Annotated[bool, typer.Option(help="Tell new members by mail that they have an account.")] = True,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Enter organisations and members of staff from CSV files: all of them, or none where something is wrong."""
    from luotsi.commands.import_csv import run

    run(find_target(data), files, dry_run=dry_run, invite=invitations)


@app.command()
def demo(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    edge: Annotated[
        str | None, typer.Option(metavar="URL", help="Play on the running platform behind this address.")
    ] = None,
) -> None:
    """Play referrals from end to end; exit code 0 only if everyone concerned was notified."""
    from luotsi.demo.play import play

    if not asyncio.run(play(edge, as_json=as_json)):
        raise typer.Exit(1)


@app.command()
def retention(
    run: Annotated[bool, typer.Option("--run/--dry-run", help="Take it away, or only show it.")] = False,
    nightly: Annotated[bool, typer.Option("--nightly", help="Stay, and take it away each night at 2.30.")] = False,
    periods: Annotated[
        Path | None,
        typer.Option("--file", envvar="RETENTION_FILE", help="Days per register, instead of those of Luotsi."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """What was kept long enough, register by register. Nothing is taken away without --run or --nightly."""
    from luotsi.retention import nightly as process
    from luotsi.retention.lines import retain
    from luotsi.retention.registers import PERIODS, read_periods
    from luotsi.retention.report import say

    if nightly:
        process.run(find_target(data), read_periods(periods or PERIODS))
    else:
        lines = asyncio.run(retain(find_target(data), read_periods(periods or PERIODS), run=run))
        say(lines, removed=run, as_json=as_json)


def main() -> None:
    """Entry point: what cannot be done is said in one line, without a traceback."""
    try:
        app(prog_name="luotsi")
    except PlatformError as error:
        sys.exit(f"luotsi: {error}")
    except Exception as error:
        if (said := said_of_surroundings(error)) is None:
            raise  # a fault of ours, with its trace
        sys.exit(f"luotsi: {said}")
