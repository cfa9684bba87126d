"""Reading organisations: one by its id or slug, a page of them, and what belongs to each."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, or_
from sqlmodel import SQLModel, col, select

from services.catalog.domain.names import is_slug
from services.catalog.queries.pages import PageWanted, among, as_uuid, by_name, count, matching, one_page, one_row
from services.catalog.queries.search import Query
from services.catalog.tables import Closure, Location, Organization, OrganizationAlias, OrganizationWords
from shared.database.transaction import Transaction

RowT = TypeVar("RowT", bound=SQLModel)


@dataclass(frozen=True)
class FoundOrganization:
    """An organisation with what belongs to it."""

    row: Organization
    aliases: Sequence[OrganizationAlias]
    closures: Sequence[Closure]
    locations: Sequence[Location]


async def find_organization(tx: Transaction, key: str, *, lock: bool = False) -> Organization | None:
    """The organisation with that id, slug, or former slug. `lock` holds the row until the transaction ends."""
    if (row_id := as_uuid(key)) is not None:
        condition: ColumnElement[bool] = col(Organization.id) == row_id
    elif is_slug(key):
        former = select(OrganizationAlias.organization_id).where(OrganizationAlias.slug == key)
        condition = or_(col(Organization.slug) == key, col(Organization.id).in_(former))
    else:
        return None
    # A slug that is in use comes before one that was.
    wanted = select(Organization).where(condition).order_by((col(Organization.slug) == key).desc()).limit(1)
    return await one_row(tx, wanted, lock=lock)


async def page_of_organizations(
    tx: Transaction, page: PageWanted, language: str, query: str | None
) -> tuple[list[FoundOrganization], int]:
    """One page of the active organisations, best match first, else by name; and how many there are in all."""
    wanted = select(Organization).where(col(Organization.active))
    order: list[ColumnElement[float]] = []
    if query and query.strip():
        typed = Query(query)
        wanted = wanted.join(OrganizationWords, col(OrganizationWords.organization_id) == Organization.id)
        wanted, order = matching(wanted, typed, OrganizationWords.words)
    total = await count(tx, wanted)
    wanted = wanted.order_by(*order, by_name(Organization.sort_keys, language), col(Organization.id))
    return await with_belongings(tx, await tx.all(one_page(wanted, page))), total


async def closures_of(tx: Transaction, organization_id: UUID) -> Sequence[Closure]:
    """The closures of an organisation, in order."""
    return await _belonging(tx, Closure, [organization_id], col(Closure.starts_on))


async def with_belongings(tx: Transaction, rows: Sequence[Organization]) -> list[FoundOrganization]:
    """The organisations with their aliases (latest first), closures and locations (in order)."""
    ids = [row.id for row in rows]
    aliases = _by_organization(await _belonging(tx, OrganizationAlias, ids, col(OrganizationAlias.valid_until).desc()))
    closures = _by_organization(await _belonging(tx, Closure, ids, col(Closure.starts_on)))
    locations = _by_organization(await _belonging(tx, Location, ids, col(Location.id)))
    return [FoundOrganization(row, aliases[row.id], closures[row.id], locations[row.id]) for row in rows]


async def _belonging(
    tx: Transaction, table: type[RowT], ids: Sequence[UUID], order: SQLColumnExpression[Any]
) -> Sequence[RowT]:
    owner: Any = table.organization_id  # type: ignore[attr-defined]
    return await tx.all(select(table).where(among(owner, ids)).order_by(order))


def _by_organization(rows: Sequence[Any]) -> defaultdict[UUID, list[Any]]:
    grouped: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[row.organization_id].append(row)
    return grouped
