"""Services of which no word was typed: a page of them by name, and what further filters would leave.

A page is read from an index, but counting goes over every service. So what was counted is kept, as long as the
catalogue has not changed.
"""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TextClause, text

from services.catalog.domain.texts import LANGUAGES
from services.catalog.queries.found_services import Facets, FoundServices, ServiceFilter, all_facets, fits_of
from services.catalog.queries.pages import PageWanted
from services.catalog.queries.service_facts import COUNTED, FACTS, FITS, FITS_ALL, FITS_COLUMNS, MISFITS, VISIBLE
from shared.database.transaction import Transaction

_MOST_KEPT: Final = 500
"""Combinations of filters of which a process keeps what was counted."""

Asked = tuple[tuple[str, Any], ...]
"""What the counts depend on besides the catalogue: filters, the language of names, and the day; by name."""


@dataclass(frozen=True)
class Counts:
    """How many services fit, and what further filters would leave."""

    total: int
    facets: Facets


class KeptCounts:
    """What was counted of one version of the catalogue, the newest that was seen here."""

    def __init__(self) -> None:
        self._version: UUID | None = None
        self._counts: dict[Asked, Counts] = {}

    def get(self, version: UUID | None, asked: Asked) -> Counts | None:
        """What was counted of this very version, if it was."""
        return self._counts.get(asked) if version == self._version else None

    def keep(self, version: UUID | None, asked: Asked, counts: Counts) -> None:
        """Keep what was counted of a version, and nothing of another. Where it is too much, the oldest goes.

        Nothing is kept of a catalogue that has no version.
        """
        if version is None:
            return
        if version != self._version:
            self._version, self._counts = version, {}
        if len(self._counts) >= _MOST_KEPT:
            del self._counts[next(iter(self._counts))]
        self._counts[asked] = counts


async def list_services(
    tx: Transaction, kept: KeptCounts, page: PageWanted, language: str, only: ServiceFilter, today: date
) -> FoundServices:
    """One page of services by name in `language`."""
    values: dict[str, Any] = {**asdict(only.facts), "organization_id": only.organization_id, "status": only.status}
    values |= {"unfit": only.unfit, "asker": language, "today": today}
    paged = {"size": page.size, "skipped": (page.number - 1) * page.size}
    found = (await tx.execute(_PAGES[language, only.unfit], values | paged)).one()
    asked = tuple(values.items())
    counts = kept.get(found.version, asked)
    if counts is None:
        counted = (await tx.execute(_COUNT, values)).one()
        counts = Counts(counted.total, all_facets(counted.facets))
        kept.keep(counted.version, asked, counts)
    fits = fits_of(found.page or (), only.facts)
    return FoundServices(list(fits), counts.total, facets=counts.facets, fits=fits)


_VERSION: Final = "(SELECT version FROM catalogue_version) AS version"
_SERVICES: Final = f"FROM services AS s JOIN organizations AS o ON o.id = s.organization_id WHERE {VISIBLE}"


def _page(language: str, unfit: bool) -> TextClause:
    """The version of the catalogue with one page of its services; the name is written as its index has it."""
    listed, order = (f"{MISFITS} AS misfits, ", "misfits, name, id") if unfit else ("", "name, id")
    narrowed = "" if unfit else f"AND {MISFITS} = 0"
    return text(
        f"SELECT {_VERSION}, (SELECT json_agg(json_build_array(id, {FITS}) ORDER BY {order}) FROM ("
        f"""SELECT {listed}s.id, (s.sort_keys ->> '{language}') COLLATE "C" AS name, {FITS_COLUMNS} """
        f"{_SERVICES} {narrowed} ORDER BY {order} LIMIT :size OFFSET :skipped) AS listed) AS page"
    )


_PAGES: Final[dict[tuple[str, bool], TextClause]] = {
    (language, unfit): _page(language, unfit) for language in LANGUAGES for unfit in (False, True)
}
_COUNT: Final = text(
    f"WITH judged AS MATERIALIZED (SELECT {FACTS} {_SERVICES}) SELECT {_VERSION}, {COUNTED} AS facets, "
    f"(SELECT count(*) FROM judged WHERE CAST(:unfit AS boolean) OR {FITS_ALL}) AS total"
)
