"""Searching services: by words and by filters that combine, with counts of what else fits, in one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TextClause, text

from services.catalog.domain.reasons import Fit, Matched, best_matches
from services.catalog.domain.search import Word, typed_words
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
from services.catalog.queries.service_facts import FACETS, FACTS, FITS, FITS_ALL, MISFITS, VISIBLE, FactsWanted, facet
from services.catalog.queries.word_forms import SHOWING
from shared.database.transaction import Transaction


@dataclass(frozen=True)
class ServiceFilter:
    """Which services are wanted; what is None does not narrow.

    `exactly` takes unknown words as they were typed. With `unfit` those that do not fit `facts` are listed too, behind
    the others.
    """

    query: str | None = None
    facts: FactsWanted = field(default_factory=FactsWanted)
    organization_id: UUID | None = None
    status: str | None = None
    exactly: bool = False
    unfit: bool = False


@dataclass(frozen=True)
class FoundServices:
    """One page of what was found: ids in order, how many there are in all, and what there is to say about it.

    `showing`: typed word → the word looked for instead. `unknown`: the typed words that found nothing. `facets`: name
    of a filter → value → how many there would be. `matched` and `fits`: by id, why a service was found.
    """

    ids: Sequence[UUID]
    total: int
    typed: Sequence[Word] = ()
    showing: Mapping[str, str] = field(default_factory=dict)
    unknown: Sequence[Word] = ()
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    matched: Mapping[UUID, Sequence[Matched]] = field(default_factory=dict)
    fits: Mapping[UUID, Sequence[Fit]] = field(default_factory=dict)


async def search_services(
    tx: Transaction, page: PageWanted, language: str, only: ServiceFilter, today: date
) -> FoundServices:
    """One page of services, best match first, else by name in `language`."""
    typed = typed_words(only.query or "")
    if not typed and (only.query or "").strip():
        return FoundServices([], 0, facets={name: {} for name in FACETS})
    values: dict[str, Any] = {**asdict(only.facts), "organization_id": only.organization_id, "status": only.status}
    values |= {"unfit": only.unfit, "asker": language, "today": today}
    values |= {"size": page.size, "skipped": (page.number - 1) * page.size}
    if typed:
        values |= {"words": [each.folded for each in typed], "exactly": only.exactly}
        values["narrowed"] = any(value is not None for value in asdict(only.facts).values())
        await tx.execute(_PLANNED_ONCE)
        most = MOST_READ if len(typed) > 1 else MOST_READ_ALONE
        found = (await tx.execute(SEARCH, {**values, "most": most})).one()
        if found.too_few:
            found = (await tx.execute(SEARCH, {**values, "most": None})).one()
    else:
        found = (await tx.execute(_LIST, values)).one()
    return _read(found, typed, only.facts, language)


def _read(found: Any, typed: Sequence[Word], wanted: FactsWanted, language: str) -> FoundServices:
    page = [(UUID(each[0]), dict(zip(FACETS, each[1:], strict=True))) for each in found.page or ()]
    asked = [name for name in FACETS if getattr(wanted, name) is not None]
    known = set(found.found_words or ())
    return FoundServices(
        [key for key, _ in page],
        found.total,
        typed,
        {typed[each["no"] - 1].written: each["for"] for each in found.showing or ()},
        [word for number, word in enumerate(typed, 1) if number not in known],
        {name: found.facets.get(name) or {} for name in FACETS},
        best_matches(typed, found.reasons or (), language),
        {key: [Fit(name, _spelled(getattr(wanted, name)), fits[name]) for name in asked] for key, fits in page},
    )


def _spelled(value: object) -> str:
    """A value of a filter as it is written in an address."""
    return str(value).lower() if isinstance(value, bool) else str(value)


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

_EVERY: Final = (
    f"judged AS MATERIALIZED (SELECT 0 AS score, false AS has_all, {FACTS} "
    f"FROM services AS s JOIN organizations AS o ON o.id = s.organization_id WHERE {VISIBLE})"
)


def _statement(judged: str, why: str) -> TextClause:
    """One page of the services that are `judged`, with their facets; `why` are the columns about words."""
    misfits = " + ".join(f"(NOT fits_{name})::int" for name in FACETS)
    order = "misfits, has_all DESC, score DESC, name, id"
    facets = ", ".join(f"'{name}', {facet(name)}" for name in FACETS)
    return text(
        f"WITH {judged}, "
        f"listed AS (SELECT *, {misfits} AS misfits FROM judged WHERE CAST(:unfit AS boolean) OR {FITS_ALL}), "
        f"page AS MATERIALIZED (SELECT * FROM listed ORDER BY {order} LIMIT :size OFFSET :skipped) "
        f"SELECT (SELECT count(*) FROM listed) AS total, (SELECT json_agg(json_build_array(id, {FITS}) "
        f"ORDER BY {order}) FROM page) AS page, json_build_object({facets}) AS facets, {why}"
    )


_PLANNED_ONCE: Final = text("SET LOCAL plan_cache_mode = force_generic_plan")
"""Planning a search takes as long as making it. The plan is the same whatever is asked: every step goes by a key."""

SEARCH: Final = _statement(
    _FOUND,
    f"{SHOWING} AS showing, {FOUND_WORDS} AS found_words, {REASONS} AS reasons, "
    # Other services that have the words may fit the filters.
    f"{READ_IN_PART} AND (SELECT count(*) FROM fitting) < {MOST_FOUND} AS too_few",
)
_LIST: Final = _statement(_EVERY, "NULL AS showing, NULL AS found_words, NULL AS reasons")
