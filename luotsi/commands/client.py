"""`luotsi client`: what a client may ask for: who handled their data, all that is kept about them, and to be erased."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import text
from sqlmodel import select

from luotsi.platform.data_dir import write_private
from luotsi.platform.operator_database import operator_database
from luotsi.platform.process import PlatformError
from luotsi.platform.referral_work import working
from luotsi.platform.target import DEFAULT_DATA, DataOption, Target, find_target
from services.referral.domain.references import parse_reference
from services.referral.schemas.access_report import ClientReport
from services.referral.tables import Client, Referral
from services.referral.unit_of_work import UnitOfWork
from services.referral.use_cases import access_report, erasure
from services.referral.use_cases.clients import note_operator
from shared.clock import KUOPIO
from shared.publishing import packs

app = typer.Typer(no_args_is_help=True)

Who = Annotated[str, typer.Argument(metavar="CLIENT", help="The client's id, or the reference of a referral.")]
T = TypeVar("T")

_NOTICES = text(
    "SELECT event_type, reference, created_at, seen_at, recipient_organization_id FROM notices "
    "WHERE referral_id = ANY(:ids) ORDER BY created_at, id"
)
_EVENTS = text("SELECT type, recorded_at, payload FROM outbox WHERE subject = ANY(:ids) ORDER BY id")


@app.command()
def report(
    who: Who,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Who handled the client's data, and on which legal basis it was passed on. The look is written down."""
    found = _run(find_target(data), who, _report)
    if as_json:
        print(found.model_dump_json(indent=2))
    else:
        _print(found)


@app.command()
def export(
    who: Who,
    out: Annotated[Path | None, typer.Option(help="A new file, readable by its owner only.")] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """All that the platform holds about the client, opened, as JSON. The look is written down."""
    if out is not None and out.exists():
        raise PlatformError(f"{out} exists already")
    target = find_target(data)
    held = _run(target, who, _export)
    ids = [referral["id"] for referral in held["referrals"]]
    held["notices"] = asyncio.run(_fetch(target, "notifications", _NOTICES, [UUID(each) for each in ids]))
    held["events"] = asyncio.run(_packed(target, ids)) + asyncio.run(_fetch(target, "referral", _EVENTS, ids))
    written = json.dumps(held, indent=2, ensure_ascii=False, default=str) + "\n"
    if out is None:
        print(written, end="")
    else:
        write_private(out, written)
        print(f"{out} holds {len(ids)} referrals: hand it over safely, then delete it")


@app.command()
def erase(
    who: Who,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    end_open: Annotated[bool, typer.Option("--end-open", help="Cancel referrals that are under way first.")] = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Destroy what is known of the client, and the key with it. It cannot be undone; figures stay."""
    target = find_target(data)
    if not yes:
        typer.confirm(f"Erase the client {who} for good?", abort=True)

    async def work_on(work: UnitOfWork, client: Client) -> int:
        try:
            return await erasure.erase_client(work, client, "operator: erase", end_open=end_open)
        except erasure.StillOpen as still:
            raise PlatformError(
                f"{still} is still under way: its advisers may end it, or --end-open cancels it"
            ) from still

    count = _run(target, who, work_on)
    print(f"erased; {count} referrals stay as codes and times. Backups made before still hold the key until they go")


async def _report(work: UnitOfWork, client: Client) -> ClientReport:
    note_operator(work, client, "operator: report")
    return await access_report.report(work, client, organization_id=None)


async def _export(work: UnitOfWork, client: Client) -> dict[str, Any]:
    note_operator(work, client, "operator: export")
    return (await access_report.export(work, client)).model_dump(mode="json")


def _run(target: Target, who: str, use_case: Callable[[UnitOfWork, Client], Awaitable[T]]) -> T:
    async def run() -> T:
        async with working(target) as work:
            return await use_case(work, await _client(work, who))

    return asyncio.run(run())


async def _client(work: UnitOfWork, who: str) -> Client:
    """The client of that id, or whom the referral of that reference is about. PlatformError when there is none."""
    try:
        client_id: UUID | None = UUID(who)
    except ValueError:
        reference = parse_reference(who)
        found = await work.tx.all(select(Referral.client_id).where(Referral.reference == reference))
        client_id = found[0] if found else None
    client = await erasure.lock_client(work.tx, client_id)
    if client is None:
        raise PlatformError(f"no client has the id, and no referral the reference {who}")
    if client.erased_at is not None:
        raise PlatformError(f"this client was erased on {client.erased_at:%Y-%m-%d}")
    return client


async def _fetch(target: Target, service: str, query: Any, ids: list[Any]) -> list[dict[str, Any]]:
    async with operator_database(target.database_url(service)) as database, database.transaction() as tx:
        rows = (await tx.execute(query, {"ids": ids})).mappings()
        return [dict(row) | ({"payload": json.loads(row["payload"])} if "payload" in row else {}) for row in rows]


async def _packed(target: Target, ids: list[str]) -> list[dict[str, Any]]:
    """The events that are at rest, as `_EVENTS` gives the newer ones."""
    async with operator_database(target.database_url("referral")) as database, database.transaction() as tx:
        found = sorted([event async for event in packs.about(tx, ids)], key=lambda event: event.id)
    return [
        {"type": event.type, "recorded_at": event.recorded_at, "payload": json.loads(event.payload)} for event in found
    ]


def _print(found: ClientReport) -> None:
    console = Console()
    known = [found.client.name or "not named", found.client.language, found.client.kind]
    console.print(f"Client {found.client.id}: {', '.join(known)}", markup=False)
    referrals = Table("reference", "from", "to", "service", "status", "sent", "legal basis", title="Referred")
    for one in found.referrals:
        basis = one.legal_basis
        said = "" if basis is None else f"{basis.kind} {basis.statute or basis.given_on}"
        between = [_name(one.source_organization), _name(one.target_organization), _name(one.service)]
        referrals.add_row(one.reference, *between, one.status, _time(one.sent_at), said)
    handled = Table("when", "organisation", "member", "occasion", "reference", title="Shown to")
    for each in found.handled:
        member = "operator" if each.operator else str(each.member_id)
        handled.add_row(_time(each.at), _name(each.organization), member, each.occasion, each.reference or "")
    console.print(referrals)
    console.print(handled)


def _name(named: Any) -> str:
    return named.name.en if named.name else str(named.id)


def _time(moment: Any) -> str:
    return f"{moment.astimezone(KUOPIO):%Y-%m-%d %H:%M}" if moment else ""
