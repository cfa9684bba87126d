"""`luotsi import`: organisations and members of staff out of CSV files, in one transaction."""

import asyncio
from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError

from luotsi.importing.csv_files import read_files
from luotsi.importing.lines import Faults, Kind, Line
from luotsi.importing.members import MemberImport
from luotsi.importing.organizations import bring_organizations, organizations_by_slug
from luotsi.importing.report import Done, as_lines
from luotsi.platform.catalog_work import working
from luotsi.platform.target import Target
from services.catalog.unit_of_work import UnitOfWork


class _DryRun(Exception):
    """Raised at the end, so that all that was done is undone."""


def run(target: Target, files: Sequence[str], *, dry_run: bool, invite: bool) -> None:
    """Do what the files say, and print it. PlatformError with all that is wrong, and then nothing is done."""
    faults = Faults()
    lines = read_files(files, faults)
    for kind, done in asyncio.run(_bring(target, lines, faults, dry_run=dry_run, invite=invite)).items():
        if kind in lines:
            print("\n".join(as_lines(kind, done, dry_run=dry_run)))
    if dry_run:
        print("nothing was entered or changed: this was a dry run")


async def _bring(
    target: Target, lines: dict[Kind, list[Line]], faults: Faults, *, dry_run: bool, invite: bool
) -> dict[Kind, Done]:
    done: dict[Kind, Done] = {}
    try:
        async with working(target) as work:
            done = await _all(work, lines, faults, invite=invite)
            faults.raise_any()
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    except DBAPIError:
        faults.raise_any()  # such as of a clash, after which the transaction takes nothing more
        raise
    return done


async def _all(work: UnitOfWork, lines: dict[Kind, list[Line]], faults: Faults, *, invite: bool) -> dict[Kind, Done]:
    known = await organizations_by_slug(work)
    members = MemberImport(work, known, faults, invite=invite)
    lines = {"organizations": [], "members": [], **lines}
    slugs = {line.cells.get("slug", "").lower() for line in lines["organizations"]}
    members_of = {line.cells.get("organization", "").lower() for line in lines["members"]}
    await members.lock(*({row.id for slug, row in known.items() if slug in named} for named in (members_of, slugs)))
    organizations = await bring_organizations(work, lines["organizations"], known, faults)
    await members.bring(lines["members"], slugs)
    return {"organizations": organizations, "members": members.done}
