"""`luotsi member`: who works here: listed, shown, let in, changed, deactivated. In bulk: `luotsi import`."""

import asyncio
import sys
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.table import Table
from sqlmodel import col, select

from luotsi.importing.cells import member_cells
from luotsi.importing.csv_files import write_csv
from luotsi.importing.lines import column_of, did_you_mean, roles_in
from luotsi.importing.organizations import organizations_by_slug
from luotsi.platform.catalog_work import working
from luotsi.platform.process import PlatformError
from luotsi.platform.target import DEFAULT_DATA, DataOption, find_target
from services.catalog.schemas.members import MemberChange, NewMember
from services.catalog.tables import Member, Organization
from services.catalog.unit_of_work import UnitOfWork
from services.catalog.use_cases.members import change_member, create_member
from shared.problems import field_errors
from shared.values.email_addresses import same_address

app = typer.Typer(no_args_is_help=True)

Address = Annotated[str, typer.Argument(metavar="EMAIL", help="The member's address.")]
Org = Annotated[str | None, typer.Option(help="Slug of the organisation; needed of somebody who is in several.")]
Roles = Annotated[
    list[str] | None, typer.Option("--role", help="adviser, recipient, coordinator, admin; several with commas.")
]
Tongue = Annotated[str | None, typer.Option(help="fi, sv or en.")]
ModelT = TypeVar("ModelT", bound=BaseModel)


@app.command(name="list")
def list_(
    org: Org = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="A file for `luotsi import`, of those who are active.")] = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Members by organisation and address."""

    async def run() -> list[tuple[Member, str]]:
        async with working(find_target(data)) as work:
            wanted = select(Member)
            if org is not None:
                wanted = wanted.where(col(Member.organization_id) == (await _organization(work, org)).id)
            slugs = {each.id: each.slug for each in await work.tx.all(select(Organization))}
            members = [(each, slugs[each.organization_id]) for each in await work.tx.all(wanted)]
            return sorted(members, key=lambda one: (one[1], one[0].email.lower()))

    members = asyncio.run(run())
    if as_csv:
        addresses = {member.id: member.email for member, _ in members}
        active = [member_cells(member, slug, addresses) for member, slug in members if member.active]
        write_csv("members", active, sys.stdout)
        return
    table = Table("organisation", "address", "roles", "language", "active")
    for member, slug in members:
        table.add_row(slug, member.email, " ".join(member.roles), member.language, "yes" if member.active else "no")
    Console().print(table)


@app.command()
def show(email: Address, org: Org = None, data: DataOption = DEFAULT_DATA) -> None:
    """One member."""

    async def run() -> list[str]:
        async with working(find_target(data)) as work:
            member = await _member(work, email, org)
            organization = await work.tx.get_one(Organization, member.organization_id)
            deputy = await work.tx.get(Member, member.deputy_id) if member.deputy_id else None
            return [
                f"{member.email} of {organization.slug} ({'active' if member.active else 'deactivated'})",
                f"id {member.id}, roles {' '.join(member.roles)}, language {member.language}",
                f"deputy {deputy.email if deputy else 'nobody'}",
            ]

    print("\n".join(asyncio.run(run())))


@app.command()
def invite(
    email: Address,
    org: Annotated[str, typer.Option(help="Slug of the organisation.")],
    role: Roles = None,
    language: Annotated[str, typer.Option(help="fi, sv or en.")] = "fi",
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Let somebody in, who is told so by mail."""

    async def run() -> str:
        async with working(find_target(data)) as work:
            organization = await _organization(work, org, lock=True)
            new = _checked(
                NewMember, {"email": email, "roles": roles_in(" ".join(role or [])), "language": language.lower()}
            )
            return (await create_member(work, organization, new)).email

    print(f"{asyncio.run(run())} is now a member of {org}, and is told so by mail")


@app.command()
def change(
    email: Address,
    org: Org = None,
    role: Roles = None,
    language: Tongue = None,
    address: Annotated[str | None, typer.Option(help="The new address.")] = None,
    deputy: Annotated[str | None, typer.Option(help="Address of the colleague who stands in; '' for nobody.")] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Change what is named; roles are all that the member has afterwards."""
    values: dict[str, Any] = {
        "roles": roles_in(" ".join(role or [])),
        "language": (language or "").lower(),
        "email": address,
    }
    _change(data, email, org, {name: value for name, value in values.items() if value}, deputy)


@app.command()
def activate(email: Address, org: Org = None, data: DataOption = DEFAULT_DATA) -> None:
    """Let somebody in again who was deactivated, and who is told so by mail."""
    _change(data, email, org, {"active": True}, None)


@app.command()
def deactivate(email: Address, org: Org = None, data: DataOption = DEFAULT_DATA) -> None:
    """End somebody's access at once. The last administrator of the platform stays."""
    _change(data, email, org, {"active": False}, None)


def _change(data: Any, email: str, org: str | None, values: dict[str, Any], deputy: str | None) -> None:
    if not values and deputy is None:
        raise PlatformError("nothing to change is named: see `luotsi member change --help`")

    async def run() -> tuple[str, bool]:
        async with working(find_target(data)) as work:
            member = await _member(work, email, org, lock=True)
            if deputy is not None:
                organization = await work.tx.get_one(Organization, member.organization_id)
                values["deputy_id"] = (await _member(work, deputy, organization.slug)).id if deputy else None
            version = member.version
            await change_member(work, member, _checked(MemberChange, values))
            return member.email, member.version > version

    address, changed = asyncio.run(run())
    print(f"{address} is {'changed' if changed else 'as it was'}")


async def _organization(work: UnitOfWork, slug: str, *, lock: bool = False) -> Organization:
    known = await organizations_by_slug(work)
    if slug.lower() not in known:
        raise PlatformError(f"there is no organisation {slug}.{did_you_mean(slug, list(known))}")
    return await work.tx.get_one(Organization, known[slug.lower()].id, lock=lock)


async def _member(work: UnitOfWork, email: str, org: str | None, *, lock: bool = False) -> Member:
    """The member of that address. PlatformError when there is none, or one in several organisations."""
    slugs = {row.id: slug for slug, row in (await organizations_by_slug(work)).items()}
    only = (await _organization(work, org)).id if org is not None else None
    everybody = await work.tx.tuples(select(Member.id, Member.organization_id, Member.email))
    here = [each for each in everybody if only in (None, each[1])]
    found = [each for each in here if same_address(each[2]) == same_address(email)]
    if not found:
        like = did_you_mean(email, [each[2].lower() for each in here])
        raise PlatformError(f"no member{f' of {org}' if org else ''} has the address {email}.{like}")
    if len(found) > 1:
        several = ", ".join(sorted(slugs[each[1]] for each in found))
        raise PlatformError(f"{email} is a member of {several}: choose one with --org")
    return await work.tx.get_one(Member, found[0][0], lock=lock)


def _checked(model: type[ModelT], values: dict[str, Any]) -> ModelT:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        told = field_errors(list(error.errors()))
        raise PlatformError("; ".join(f"{column_of(each['field'])}: {each['message']}" for each in told)) from None
