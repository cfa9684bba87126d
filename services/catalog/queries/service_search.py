"""Searching services: by words and by filters that combine, with counts of what else fits, in one statement."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, Final

from sqlalchemy import text

from services.catalog.domain.reasons import best_matches
from services.catalog.domain.search import Word, typed_words
from services.catalog.queries.found_services import FoundServices, ServiceFilter, all_facets, fits_of
from services.catalog.queries.pages import PageWanted
from services.catalog.queries.ranking import (
    FOUND_WORDS,
    HOW_MANY,
    MOST_FOUND,
    MOST_READ,
    MOST_READ_ALONE,
    READ_IN_PART,
    REASONS,
    WORTH_SHOWING,
    ranking,
)
from services.catalog.queries.service_facts import COUNTED, FACETS, FACTS, FITS, FITS_ALL, MISFITS, VISIBLE, FactsWanted
from services.catalog.queries.service_list import KeptCounts, list_services
from services.catalog.queries.word_forms import SHOWING
from shared.database.planning import plan_once
from shared.database.transaction import Transaction


async def search_services(
    tx: Transaction, kept: KeptCounts, page: PageWanted, language: str, only: ServiceFilter, today: date
) -> FoundServices:
    """One page of services, best match first, else by name in `language`."""
    typed = typed_words(only.query or "")
    if typed:
        return await _by_words(tx, typed, page, language, only, today)
    if (only.query or "").strip():
        return FoundServices([], 0, facets=all_facets({}))
    return await list_services(tx, kept, page, language, only, today)


async def _by_words(
    tx: Transaction, typed: Sequence[Word], page: PageWanted, language: str, only: ServiceFilter, today: date
) -> FoundServices:
    values: dict[str, Any] = {**asdict(only.facts), "organization_id": only.organization_id, "status": only.status}
    values |= {"unfit": only.unfit, "asker": language, "today": today}
    values |= {"size": page.size, "skipped": (page.number - 1) * page.size}
    values |= {"words": [each.folded for each in typed], "exactly": only.exactly}
    values["narrowed"] = any(value is not None for value in asdict(only.facts).values())
    await plan_once(tx)  # every step of it goes by a key, whatever is asked
    most = MOST_READ if len(typed) > 1 else MOST_READ_ALONE
    found = (await tx.execute(SEARCH, {**values, "most": most})).one()
    if found.too_few:
        found = (await tx.execute(SEARCH, {**values, "most": None})).one()
    return _read(found, typed, only.facts, language)


def _read(found: Any, typed: Sequence[Word], wanted: FactsWanted, language: str) -> FoundServices:
    fits = fits_of(found.page or (), wanted)
    known = set(found.found_words or ())
    return FoundServices(
        list(fits),
        found.total,
        typed,
        {typed[each["no"] - 1].written: each["for"] for each in found.showing or ()},
        [word for number, word in enumerate(typed, 1) if number not in known],
        all_facets(found.facets),
        best_matches(typed, found.reasons or (), language),
        fits,
    )


_KEYED: Final = (
    # Each by its key, however many there are: the planner would read whole tables sooner than some hundred rows.
    "(SELECT * FROM services WHERE services.id = r.owner_id OFFSET 0) AS s "
    "CROSS JOIN LATERAL (SELECT * FROM organizations WHERE organizations.id = s.organization_id OFFSET 0) AS o"
)


def _walk(name: str, among: str, condition: str) -> str:
    """The first of what was found that meet a condition, read from the best on and no further than is needed.

    `among` says whether there are any at all.
    """
    return (
        f"{name} AS MATERIALIZED (SELECT r.* FROM (SELECT *, words = {HOW_MANY} AS has_all FROM ranked "
        f"WHERE {among} ORDER BY words DESC, score DESC, owner_id OFFSET 0) AS r "
        f"CROSS JOIN LATERAL (SELECT FROM {_KEYED} WHERE {VISIBLE} AND {condition} OFFSET 0) AS met "
        f"LIMIT {MOST_FOUND})"
    )


_FOUND: Final = ", ".join(
    [
        ranking("service"),
        _walk("fitting", "true", f"{MISFITS} = 0"),
        # What one filter leaves out is what its facet counts, and what does not fit is listed where that is asked for.
        _walk(
            "unfitting",
            "CAST(:narrowed AS boolean)",
            f"CASE WHEN CAST(:unfit AS boolean) THEN {MISFITS} > 0 ELSE {MISFITS} = 1 END",
        ),
        "best AS MATERIALIZED (SELECT coalesce((SELECT max(score) FROM fitting), (SELECT max(score) FROM unfitting)) "
        "AS score)",
        "candidates AS (SELECT * FROM (SELECT * FROM fitting UNION ALL SELECT * FROM unfitting) AS looked_at "
        f"WHERE score >= {WORTH_SHOWING} * (SELECT score FROM best))",
        f"judged AS MATERIALIZED (SELECT score, has_all, {FACTS} FROM candidates AS r CROSS JOIN LATERAL {_KEYED})",
    ]
)

_MISFITS: Final = " + ".join(f"(NOT fits_{name})::int" for name in FACETS)
_ORDER: Final = "misfits, has_all DESC, score DESC, name, id"

# One page of the services that are judged, with their facets and what there is to say about words.
SEARCH: Final = text(
    f"WITH {_FOUND}, "
    f"listed AS (SELECT *, {_MISFITS} AS misfits FROM judged WHERE CAST(:unfit AS boolean) OR {FITS_ALL}), "
    f"page AS MATERIALIZED (SELECT * FROM listed ORDER BY {_ORDER} LIMIT :size OFFSET :skipped) "
    f"SELECT (SELECT count(*) FROM listed) AS total, (SELECT json_agg(json_build_array(id, {FITS}) "
    f"ORDER BY {_ORDER}) FROM page) AS page, {COUNTED} AS facets, "
    f"{SHOWING} AS showing, {FOUND_WORDS} AS found_words, {REASONS} AS reasons, "
    # Other services that have the words may fit the filters.
    f"{READ_IN_PART} AND (SELECT count(*) FROM fitting) < {MOST_FOUND} AS too_few"
)
