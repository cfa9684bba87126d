"""The search index: by which words organisations and services are found, kept up in the transaction of a change."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from alembic.script import ScriptDirectory
from pydantic_core import to_json
from sqlalchemy import TextClause, or_, text
from sqlmodel import col, select

from services.catalog.domain.search import EVERYTHING, Place, Texts, standing_words
from services.catalog.domain.target_groups import TARGET_GROUPS
from services.catalog.queries.spelling import parts_of, stems_of, trigrams_of
from services.catalog.tables import Organization, OrganizationAlias, Service, ServiceAlias
from shared.database.connections import Database
from shared.database.migrations import alembic_config
from shared.database.transaction import Transaction

ByLanguage = Mapping[str, str]

INDEX_LOCK: Final = "catalog.search"
"""Advisory lock: one transaction at a time counts who has which word. It is taken last, so nobody waits in a circle."""

_BATCH = 50
"""How many are written by one statement: it is to end long before the server's patience with it does."""


async def refresh_index(tx: Transaction, organizations: Sequence[Organization]) -> None:
    """Write anew by which words organisations and their services are found: a dozen statements, some for each fifty.

    A service is found by the names of its organisation and of the one above that, so a change of one concerns those
    below it too.
    """
    ids = [each.id for each in organizations]
    here = or_(col(Organization.id).in_(ids), col(Organization.parent_organization_id).in_(ids))
    concerned = {each.id: each for each in await tx.all(select(Organization).where(here))}
    above = {each.parent_organization_id for each in concerned.values()} - concerned.keys() - {None}
    known = {each.id: each for each in await tx.all(select(Organization).where(col(Organization.id).in_(above)))}
    known |= concerned
    former = select(OrganizationAlias.organization_id, OrganizationAlias.name)
    aliases = _grouped(await tx.tuples(former.where(col(OrganizationAlias.organization_id).in_(known))))
    services = await tx.all(
        select(Service).where(col(Service.organization_id).in_(concerned)).order_by(col(Service.id))
    )
    of_services = select(ServiceAlias.service_id, ServiceAlias.name)
    own = _grouped(await tx.tuples(of_services.where(col(ServiceAlias.service_id).in_([each.id for each in services]))))
    await tx.advisory_lock(INDEX_LOCK)
    await _write(tx, "organization", {each.id: about_organization(each, aliases) for each in concerned.values()})
    about = {each.id: about_service(each, own[each.id], known, aliases) for each in services}
    await _write(tx, "service", about)


async def index_what_is_not(tx: Transaction) -> int:
    """Index the organisations that this version of the index has not got yet; returns how many there were."""
    missing = text(
        "SELECT id FROM organizations WHERE NOT EXISTS (SELECT FROM organization_search_words h "
        "JOIN search_words w ON w.id = h.word_id WHERE h.owner_id = organizations.id AND w.word = :everything)"
    )
    ids = (await tx.execute(missing, {"everything": EVERYTHING})).scalars().all()
    for start in range(0, len(ids), _BATCH):
        batch = select(Organization).where(col(Organization.id).in_(ids[start : start + _BATCH]))
        await refresh_index(tx, await tx.all(batch))
    return len(ids)


def bring_index_up_to_date(owner_url: str) -> None:
    """Index what is not, in the database at `owner_url` (postgresql://…); not to be called in an event loop.

    Does nothing while the schema is an older one than the index needs.
    """

    async def run() -> None:
        database = Database(owner_url, pool_size=1)
        try:
            async with database.transaction() as tx:
                newest = ScriptDirectory.from_config(alembic_config("catalog", owner_url)).get_current_head()
                here = (await tx.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
                if here == newest:
                    await index_what_is_not(tx)
        finally:
            await database.close()

    asyncio.run(run())


def about_organization(organization: Organization, aliases: Mapping[UUID, Sequence[ByLanguage]]) -> Texts:
    """The texts by which an organisation is found."""
    return {
        Place.NAME: [organization.name, organization.alternate_name],
        Place.KEYWORDS: aliases[organization.id],
        Place.DESCRIPTION: [organization.description],
    }


def about_service(
    service: Service,
    former: Sequence[ByLanguage],
    organizations: Mapping[UUID, Organization],
    aliases: Mapping[UUID, Sequence[ByLanguage]],
) -> Texts:
    """The texts by which a service is found; `organizations` and their `aliases` by id."""
    owner = organizations[service.organization_id]
    above = organizations.get(owner.parent_organization_id) if owner.parent_organization_id else None
    named = [owner, above] if above else [owner]
    keywords = {language: " ".join(each) for language, each in (service.keywords or {}).items()}
    return {
        Place.NAME: [service.name, service.alternate_name],
        Place.KEYWORDS: [keywords, *former],
        Place.SUMMARY: [TARGET_GROUPS[code] for code in service.target_groups if code in TARGET_GROUPS],
        Place.DESCRIPTION: [service.description, service.eligibility_description],
        Place.ORGANISATION: [text for each in named for text in (each.name, each.alternate_name, *aliases[each.id])],
        Place.ABOUT_ORGANISATION: [owner.description],
    }


def _grouped(names: Iterable[tuple[UUID, ByLanguage]]) -> dict[UUID, list[ByLanguage]]:
    """Names by the thing that bore them; none for a thing that is not among them."""
    by_owner: defaultdict[UUID, list[ByLanguage]] = defaultdict(list)
    for owner, name in names:
        by_owner[owner].append(name)
    return by_owner


async def _write(tx: Transaction, kind: str, about: Mapping[UUID, Texts]) -> None:
    """Write which words each of these has now, `kind` being what they are."""
    entries = list(about.items())
    for start in range(0, len(entries), _BATCH):
        await _write_some(tx, kind, dict(entries[start : start + _BATCH]))
    await tx.execute(_FORGET)


async def _write_some(tx: Transaction, kind: str, about: Mapping[UUID, Texts]) -> None:
    rows = [
        {"owner": owner, "word": each.word.folded, "written": each.word.written, **each.places}
        for owner, texts in about.items()
        for each in standing_words(texts)
    ]
    values = {"rows": to_json(rows).decode(), "owners": to_json(list(about)).decode()}
    counted = (await tx.execute(_NEW_WORDS[kind], {"rows": values["rows"]})).scalars().all()
    await tx.execute(_POSTINGS[kind], {**values, "counted": to_json(counted).decode()})


def _new_words(kind: str) -> TextClause:
    """Writes the words that are new, with how many have each: a row that is changed at once is indexed twice."""
    return text(
        f"INSERT INTO search_words (word, written, stems, parts, trigrams, {kind}s) "
        f"SELECT word, written, stems, {parts_of('word', 'stems')}, {trigrams_of('word')}, number FROM ("
        f"SELECT word, min(written) AS written, count(*) AS number, {stems_of('word')} AS stems "
        "FROM json_to_recordset(CAST(:rows AS json)) AS given (word text, written text) GROUP BY word) AS given "
        "ON CONFLICT (word) DO NOTHING RETURNING id"
    )


_NEW_WORDS: Final = {kind: _new_words(kind) for kind in ("service", "organization")}

_FORGET: Final = text("DELETE FROM search_words WHERE services = 0 AND organizations = 0")


def _postings(kind: str) -> TextClause:
    """Takes away the words that these owners have no more, writes those that they have, and counts both.

    `counted` are words that are counted already.
    """
    table = f"{kind}_search_words"
    return text(
        "WITH given AS (SELECT w.id AS word_id, g.owner, coalesce(g.fi, 0) AS fi, coalesce(g.sv, 0) AS sv, "
        "coalesce(g.en, 0) AS en FROM json_to_recordset(CAST(:rows AS json)) "
        "AS g (owner uuid, word text, fi smallint, sv smallint, en smallint) JOIN search_words w ON w.word = g.word), "
        f"gone AS (DELETE FROM {table} AS h "
        "WHERE h.owner_id IN (SELECT CAST(id AS uuid) FROM json_array_elements_text(CAST(:owners AS json)) AS id) "
        "AND NOT EXISTS (SELECT FROM given WHERE given.word_id = h.word_id AND given.owner = h.owner_id) "
        "RETURNING h.word_id), "
        f"kept AS (INSERT INTO {table} AS h (word_id, owner_id, fi, sv, en) "
        "SELECT word_id, owner, fi, sv, en FROM given ON CONFLICT (word_id, owner_id) DO UPDATE "
        "SET fi = excluded.fi, sv = excluded.sv, en = excluded.en "
        "WHERE (h.fi, h.sv, h.en) IS DISTINCT FROM (excluded.fi, excluded.sv, excluded.en) "
        "RETURNING h.word_id, (xmax = 0) AS is_new), "
        "counted AS (SELECT word_id, sum(change) AS change FROM (SELECT word_id, -1 AS change FROM gone "
        "UNION ALL SELECT word_id, 1 FROM kept WHERE is_new) AS changes WHERE word_id NOT IN ("
        "SELECT CAST(id AS integer) FROM json_array_elements_text(CAST(:counted AS json)) AS id) GROUP BY word_id) "
        f"UPDATE search_words AS w SET {kind}s = w.{kind}s + counted.change FROM counted WHERE w.id = counted.word_id"
    )


_POSTINGS: Final = {kind: _postings(kind) for kind in ("service", "organization")}
