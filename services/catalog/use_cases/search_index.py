"""The search index: by which words organisations and services are found, as PostgreSQL full text."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import TextClause, text
from sqlmodel import col, select

from services.catalog.domain.search import SPLIT, STEMMERS, Weighted, indexed_words
from services.catalog.domain.target_groups import TARGET_GROUPS
from services.catalog.tables import Organization, OrganizationAlias, Service, ServiceAlias
from shared.database.transaction import Transaction

ByLanguage = Mapping[str, str]


async def refresh_index(tx: Transaction, organizations: Sequence[Organization]) -> None:
    """Write anew by which words organisations and their services are found: five statements, however many there are.

    A service is found by the names of its organisation too, so a change of either concerns all of them.
    """
    by_id = {each.id: each for each in organizations}
    former = select(OrganizationAlias.organization_id, OrganizationAlias.name)
    aliases = _grouped(await tx.tuples(former.where(col(OrganizationAlias.organization_id).in_(by_id))))
    about: dict[UUID, Weighted] = {
        each.id: {"A": [each.name, each.alternate_name], "B": aliases[each.id], "C": [each.description]}
        for each in organizations
    }
    await _write(tx, _ORGANIZATIONS, about)
    services = await tx.all(select(Service).where(col(Service.organization_id).in_(by_id)).order_by(col(Service.id)))
    of_services = select(ServiceAlias.service_id, ServiceAlias.name)
    own = _grouped(await tx.tuples(of_services.where(col(ServiceAlias.service_id).in_([each.id for each in services]))))
    of_owners = {key: [each.name, each.alternate_name, *aliases[key]] for key, each in by_id.items()}
    await _write(
        tx, _SERVICES, {each.id: _about(each, own[each.id], of_owners[each.organization_id]) for each in services}
    )


def _about(service: Service, former: Sequence[ByLanguage], of_owner: Sequence[ByLanguage]) -> Weighted:
    """The texts by which a service is found, `of_owner` being the names of its organisation."""
    keywords = {language: " ".join(each) for language, each in (service.keywords or {}).items()}
    groups = [TARGET_GROUPS[code] for code in service.target_groups if code in TARGET_GROUPS]
    return {
        "A": [service.name, service.alternate_name],
        "B": [*former, *of_owner, *groups, keywords],
        "C": [service.description, service.eligibility_description],
    }


def _grouped(names: Iterable[tuple[UUID, ByLanguage]]) -> dict[UUID, list[ByLanguage]]:
    """Names by the thing that bore them; none for a thing that is not among them."""
    by_owner: defaultdict[UUID, list[ByLanguage]] = defaultdict(list)
    for owner, name in names:
        by_owner[owner].append(name)
    return by_owner


async def _write(tx: Transaction, statement: TextClause, about: Mapping[UUID, Weighted]) -> None:
    rows = [{"id": key, **indexed_words(texts)} for key, texts in about.items()]
    await tx.execute(statement, {"rows": to_json(rows).decode()})


def _insertion(table: str, key: str) -> TextClause:
    """Writes the words of many rows, given as JSON: objects with an `id` and what `indexed_words` returns."""
    given, parts = [], []
    for weight in "ABC":
        for language, stemmer in STEMMERS.items():
            name = f"{weight}_{language}".lower()
            counts = [(name, weight), (f"{name}_inner", "D")] if weight in SPLIT else [(name, weight)]
            given += [f"{column} text" for column, _ in counts]
            # Positions past the first few thousand are worth nothing to ranking, and a vector holds only so many.
            parts += [
                f"setweight(to_tsvector('pg_catalog.{each}', {column}), '{counted}')"
                for column, counted in counts
                for each in (stemmer, "simple")
            ]
    return text(
        f"INSERT INTO {table} ({key}, words) SELECT id, {' || '.join(parts)} "  # noqa: S608
        f"FROM json_to_recordset(CAST(:rows AS json)) AS given (id uuid, {', '.join(given)}) "
        f"ON CONFLICT ({key}) DO UPDATE SET words = excluded.words"
    )


_ORGANIZATIONS = _insertion("organization_words", "organization_id")
_SERVICES = _insertion("service_words", "service_id")
