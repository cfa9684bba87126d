"""Reading organisations: one by its id or slug, a page of them, and what belongs to each."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, or_, text
from sqlmodel import SQLModel, col, select

from services.catalog.domain.names import is_slug
from services.catalog.domain.search import Word, typed_words
from services.catalog.queries.pages import PageWanted, among, as_uuid, by_name, count, one_page, one_row
from services.catalog.queries.ranking import HOW_MANY, WORTH_SHOWING, ranking
from services.catalog.queries.word_forms import SHOWING
from services.catalog.tables import Closure, Location, Organization, OrganizationAlias
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


@dataclass(frozen=True)
class FoundOrganizations:
    """One page of organisations, how many there are in all, and typed word → the word looked for instead.

    `showing` is None where no words were looked for.
    """

    rows: Sequence[FoundOrganization]
    total: int
    showing: Mapping[str, str] | None = None


async def page_of_organizations(
    tx: Transaction, page: PageWanted, language: str, query: str | None, *, exactly: bool = False, active: bool = True
) -> FoundOrganizations:
    """One page of the active organisations, best match first, else by name; `exactly`: no word instead of another.

    With `active` False those that were deactivated, by name: these are not searched.
    """
    if active and query and query.strip():
        return await _search(tx, page, typed_words(query), language, exactly)
    wanted = select(Organization).where(col(Organization.active) == active)
    total = await count(tx, wanted)
    wanted = wanted.order_by(by_name(Organization.sort_keys, language), col(Organization.id))
    return FoundOrganizations(await with_belongings(tx, await tx.all(one_page(wanted, page))), total)


_ORDER: Final = "has_all DESC, score DESC, name, id"
SEARCH: Final = text(
    f"WITH {ranking('organization')}, "  # noqa: S608 - our own words
    f"visible AS MATERIALIZED (SELECT o.id, r.score, r.words = {HOW_MANY} AS has_all, "
    '(o.sort_keys ->> CAST(:asker AS text)) COLLATE "C" AS name '
    "FROM ranked AS r JOIN organizations AS o ON o.id = r.owner_id WHERE o.active), "
    f"listed AS (SELECT * FROM visible WHERE score >= {WORTH_SHOWING} * (SELECT max(score) FROM visible)), "
    f"page AS (SELECT * FROM listed ORDER BY {_ORDER} LIMIT :size OFFSET :skipped) "
    f"SELECT (SELECT count(*) FROM listed) AS total, (SELECT array_agg(id ORDER BY {_ORDER}) FROM page) AS ids, "
    f"{SHOWING} AS showing"
)


async def _search(
    tx: Transaction, page: PageWanted, typed: Sequence[Word], language: str, exactly: bool
) -> FoundOrganizations:
    if not typed:
        return FoundOrganizations([], 0, {})
    values = {"words": [each.folded for each in typed], "asker": language, "exactly": exactly, "most": None}
    found = (await tx.execute(SEARCH, {**values, "size": page.size, "skipped": (page.number - 1) * page.size})).one()
    rows = await tx.all(select(Organization).where(among(Organization.id, found.ids or ())))
    by_id = {each.id: each for each in rows}
    ordered = await with_belongings(tx, [by_id[key] for key in found.ids or ()])
    showing = {typed[each["no"] - 1].written: each["for"] for each in found.showing or ()}
    return FoundOrganizations(ordered, found.total, showing)


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
