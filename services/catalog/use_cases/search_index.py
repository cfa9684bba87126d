"""The search index: by which words organisations and services are found, as PostgreSQL full text."""

from sqlalchemy import TextClause, text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.catalog.domain.search import SPLIT, STEMMERS, Weighted, indexed_words
from services.catalog.domain.target_groups import TARGET_GROUPS
from services.catalog.tables import Organization, OrganizationAlias, Service, ServiceAlias


async def refresh_index(session: AsyncSession, organization: Organization) -> None:
    """Write anew by which words an organisation and its services are found. Flushes the session.

    A service is found by the names of its organisation too, so a change of either concerns all of them.
    """
    await session.flush()
    own_aliases = select(OrganizationAlias).where(OrganizationAlias.organization_id == organization.id)
    aliases = [alias.name for alias in (await session.exec(own_aliases)).all()]
    names = [organization.name, organization.alternate_name]
    about = {"A": names, "B": aliases, "C": [organization.description]}
    await session.execute(_ORGANIZATION, {"id": organization.id, **indexed_words(about)})
    services = await session.exec(select(Service).where(Service.organization_id == organization.id))
    for service in services.all():
        own_former = select(ServiceAlias).where(ServiceAlias.service_id == service.id)
        former = [alias.name for alias in (await session.exec(own_former)).all()]
        groups = [TARGET_GROUPS[code] for code in service.target_groups if code in TARGET_GROUPS]
        of_service: Weighted = {
            "A": [service.name, service.alternate_name],
            "B": [*former, *names, *aliases, *groups],
            "C": [service.description, service.eligibility_description],
        }
        await session.execute(_SERVICE, {"id": service.id, **indexed_words(of_service)})


def _insertion(table: str, key: str) -> TextClause:
    """Writes the words of one row of `key`; each text is a parameter, named as in `indexed_words`."""
    parts = [
        f"setweight(to_tsvector('pg_catalog.{each}', :{name}), '{counts}')"
        for weight in "ABC"
        for language, stemmer in STEMMERS.items()
        # Positions past the first few thousand are worth nothing to ranking, and a vector holds only so many.
        for name, counts in ((f"{weight}_{language}", weight), (f"{weight}_{language}_inner", "D"))
        for each in (stemmer, "simple")
        if name.endswith(language) or weight in SPLIT
    ]
    return text(
        f"INSERT INTO {table} ({key}, words) VALUES (:id, {' || '.join(parts)}) "  # noqa: S608
        f"ON CONFLICT ({key}) DO UPDATE SET words = excluded.words"
    )


_ORGANIZATION = _insertion("organization_words", "organization_id")
_SERVICE = _insertion("service_words", "service_id")
