"""Names and slugs that were: they stay known as aliases, with dates, and no other may take a slug that was."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from services.catalog.domain.rules import RuleBroken, renamed
from services.catalog.tables import Organization, OrganizationAlias, Service, ServiceAlias, Texts
from services.catalog.use_cases.unit_of_work import Work
from shared.ids import new_id


@dataclass(frozen=True)
class Kind:
    """A kind of thing that has names: its table, the table of its aliases, and their column that points back."""

    table: Any
    aliases: Any
    owner: str


ORGANIZATIONS = Kind(Organization, OrganizationAlias, "organization_id")
SERVICES = Kind(Service, ServiceAlias, "service_id")


async def check_slug_free(work: Work, kind: Kind, slug: str, own_id: UUID | None) -> None:
    """Raise RuleBroken when another of its kind has, or had, the slug."""
    holders = select(kind.table.id).where(kind.table.slug == slug)
    former = select(getattr(kind.aliases, kind.owner)).where(kind.aliases.slug == slug)
    found = await work.session.execute(holders.union(former))
    if set(found.scalars()) - {own_id}:
        detail = f"The slug {slug} is taken. Choose another."
        raise RuleBroken(detail, "slug", conflict=True, name="slug-taken")


async def keep_alias(work: Work, kind: Kind, row: Organization | Service, changes: dict[str, Any]) -> None:
    """Write down the name, and the slug, that `row` loses by `changes`; forget those that it takes up again."""
    new_name: Texts = changes.get("name", row.name)
    if not renamed(row.name, new_name) and "slug" not in changes:
        return
    mine = select(kind.aliases).where(col(getattr(kind.aliases, kind.owner)) == row.id)
    aliases = (await work.session.exec(mine)).all()
    for each in aliases:
        if each.slug in (None, changes.get("slug")) and each.name == new_name:
            await work.session.delete(each)
        elif each.slug == changes.get("slug"):
            each.slug = None
    alias = kind.aliases(
        id=new_id(),
        name=row.name,
        slug=row.slug if "slug" in changes else None,
        valid_from=max((each.valid_until for each in aliases), default=None),
        valid_until=work.today,
        **{kind.owner: row.id},
    )
    work.session.add(alias)
