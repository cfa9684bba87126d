"""Names and slugs that were: they stay known as aliases, with dates, and no other may take a slug that was."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select

from services.catalog.domain.names import renamed
from services.catalog.tables import Organization, OrganizationAlias, Service, ServiceAlias, Texts
from services.catalog.unit_of_work import UnitOfWork
from shared.ids import new_id
from shared.problems import conflict

AliasT = TypeVar("AliasT", OrganizationAlias, ServiceAlias)


@dataclass(frozen=True)
class Named(Generic[AliasT]):
    """What has names and slugs: its table, the table of its aliases, and their column that points back."""

    table: type[Organization | Service]
    aliases: type[AliasT]
    owner: str


ORGANIZATIONS = Named(Organization, OrganizationAlias, "organization_id")
SERVICES = Named(Service, ServiceAlias, "service_id")


async def check_slug_free(work: UnitOfWork, named: Named[AliasT], slug: str, own_id: UUID | None) -> None:
    """Raise 409 when another organisation or service than `own_id` has, or had, the slug."""
    holders = select(named.table.id).where(named.table.slug == slug)
    former = select(getattr(named.aliases, named.owner)).where(named.aliases.slug == slug)
    found = await work.tx.execute(holders.union(former))
    if set(found.scalars()) - {own_id}:
        raise conflict(f"The slug {slug} is taken. Choose another.", name="slug-taken")


async def keep_alias(
    work: UnitOfWork, named: Named[AliasT], row: Organization | Service, changes: dict[str, Any]
) -> None:
    """Write down the name, and the slug, that `row` loses by `changes`; forget those that it takes up again."""
    new_name: Texts = changes.get("name", row.name)
    if not renamed(row.name, new_name) and "slug" not in changes:
        return
    mine = select(named.aliases).where(col(getattr(named.aliases, named.owner)) == row.id)
    aliases = await work.tx.all(mine)
    for each in aliases:
        if each.slug in (None, changes.get("slug")) and each.name == new_name:
            await work.tx.execute(delete(named.aliases).where(col(named.aliases.id) == each.id))
        elif each.slug == changes.get("slug"):
            each.slug = None
            work.tx.update(each)
    alias = named.aliases(
        id=new_id(),
        name=row.name,
        slug=row.slug if "slug" in changes else None,
        valid_from=max((each.valid_until for each in aliases), default=None),
        valid_until=work.today,
        **{named.owner: row.id},
    )
    work.tx.insert(alias)
