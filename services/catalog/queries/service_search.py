"""Searching services: by words and by filters that combine, with counts of what else fits, in one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
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
    READ_IN_PART,
    REASONS,
    SHOWING,
    WORTH_SHOWING,
    ranking,
)
from shared.database.transaction import Transaction


@dataclass(frozen=True)
class FactsWanted:
    """What should be true of a service; what is None does not narrow. The values of each are counted."""

    language: str | None = None
    target_group: str | None = None
    area: str | None = None
    organization_type: str | None = None
    accepting: bool | None = None


FACETS: Final = tuple(each.name for each in fields(FactsWanted))


@dataclass(frozen=True)
class ServiceFilter:
    """Which services are wanted; what is None does not narrow.

    `exactly` takes unknown words as they were typed. With `unfit` those that do not fit `facts` are listed too, behind
    the others.
    """

    query: str | None = None
    facts: FactsWanted = FactsWanted()
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
        found = (await tx.execute(SEARCH, {**values, "most": MOST_READ})).one()
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


_ACCEPTS: Final = (
    # The same rule as `obstacles` in domain/services.py.
    "(o.active AND s.status = 'active' AND s.capacity <> 'no-capacity' AND NOT EXISTS (SELECT FROM closures AS c "
    "WHERE c.organization_id = o.id AND CAST(:today AS date) BETWEEN c.starts_on AND c.ends_on) AND EXISTS ("
    "SELECT FROM members AS m WHERE m.organization_id = o.id AND m.active AND m.roles @> ARRAY['recipient']))"
)

_CITIES: Final = (
    "SELECT l.city AS area FROM service_at_locations AS a JOIN locations AS l ON l.id = a.location_id "
    "WHERE a.service_id = s.id AND l.city IS NOT NULL"
)
_AREA_NAME: Final = "(area -> 'name')"
_AREAS: Final = "jsonb_array_elements(coalesce(s.service_areas, '[]')) AS area"

_FITS: Final = {
    "language": "s.languages @> ARRAY[lower(CAST(:language AS text))]",
    "target_group": "s.target_groups @> ARRAY[CAST(:target_group AS text)]",
    "area": f"lower(CAST(:area AS text)) IN (SELECT lower(area) FROM ({_CITIES} UNION ALL "
    f"SELECT name.value FROM {_AREAS}, jsonb_each_text(area -> 'name') AS name) AS areas)",
    "organization_type": "o.organization_type = :organization_type",
    "accepting": f"{_ACCEPTS} = CAST(:accepting AS boolean)",
}
"""Filter → the condition that a service `s` of an organisation `o` fits it."""

_TYPES: Final = {"accepting": "boolean"}

_VALUES: Final = {
    "language": "unnest(languages)",
    "target_group": "unnest(target_groups)",
    "area": "unnest(areas)",
    "organization_type": "organization_type",
    "accepting": "CASE WHEN accepts THEN 'true' ELSE 'false' END",
}
"""Filter → the values that a service has of it."""


def _text(name: str) -> str:
    """A text of a JSON column or element in the asker's language, or in another one."""
    return f"coalesce({name} ->> CAST(:asker AS text), {name} ->> 'fi', {name} ->> 'en', {name} ->> 'sv')"


def _fits(name: str) -> str:
    """That a service fits a filter, or that it was not asked for."""
    return f"(CAST(:{name} AS {_TYPES.get(name, 'text')}) IS NULL OR {_FITS[name]})"


def _facet(name: str) -> str:
    others = " AND ".join(f"fits_{other}" for other in FACETS if other != name)
    return (
        f"'{name}', (SELECT json_object_agg(value, number) FROM (SELECT value, count(*) AS number FROM "
        f"(SELECT {_VALUES[name]} AS value FROM judged WHERE {others}) AS those GROUP BY value) AS counted)"
    )


_VISIBLE: Final = (
    "o.active AND CASE WHEN CAST(:status AS text) IS NULL THEN s.status IN ('active', 'temporarily closed') "
    "ELSE s.status = :status END AND (CAST(:organization_id AS uuid) IS NULL OR s.organization_id = :organization_id)"
)

_MISFITS: Final = " + ".join(f"(NOT {_fits(name)})::int" for name in FACETS)


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
        f"CROSS JOIN LATERAL (SELECT FROM {_KEYED} WHERE {_VISIBLE} AND {condition} OFFSET 0) AS met "
        f"LIMIT {MOST_FOUND})"
    )


_NEAREST: Final = ", ".join(
    [
        _walk("fitting", "true", f"{_MISFITS} = 0"),
        # What one filter leaves out is what its facet counts, and what does not fit is listed where that is asked for.
        _walk(
            "unfitting",
            "CAST(:narrowed AS boolean)",
            f"CASE WHEN CAST(:unfit AS boolean) THEN {_MISFITS} > 0 ELSE {_MISFITS} = 1 END",
        ),
        "looked_at AS (SELECT * FROM fitting UNION ALL SELECT * FROM unfitting)",
        "best AS MATERIALIZED (SELECT coalesce((SELECT max(score) FROM fitting), (SELECT max(score) FROM unfitting)) "
        "AS score)",
        f"candidates AS (SELECT * FROM looked_at WHERE score >= {WORTH_SHOWING} * (SELECT score FROM best))",
    ]
)


def _statement(found_by: str, of_services: str, why: str) -> TextClause:
    """`of_services` are services `s` of organisations `o`, with what is `found_by` words as `r`.

    `why` are the columns about words.
    """
    fits = ", ".join(f"{_fits(name)} AS fits_{name}" for name in FACETS)
    every = " AND ".join(f"fits_{name}" for name in FACETS)
    unfit = " + ".join(f"(NOT fits_{name})::int" for name in FACETS)
    order = "misfits, has_all DESC, score DESC, name, id"
    return text(
        f"WITH {found_by} judged AS MATERIALIZED (SELECT s.id, r.score, r.has_all, s.languages, "
        f"s.target_groups, o.organization_type, {_ACCEPTS} AS accepts, {fits}, "
        '(s.sort_keys ->> CAST(:asker AS text)) COLLATE "C" AS name, '
        f"ARRAY({_CITIES} UNION SELECT {_text(_AREA_NAME)} FROM {_AREAS}) AS areas "
        f"FROM {of_services} WHERE {_VISIBLE}), "
        f"listed AS (SELECT *, {unfit} AS misfits FROM judged WHERE CAST(:unfit AS boolean) OR {every}), "
        f"page AS MATERIALIZED (SELECT * FROM listed ORDER BY {order} LIMIT :size OFFSET :skipped) "
        "SELECT (SELECT count(*) FROM listed) AS total, "
        f"(SELECT json_agg(json_build_array(id, {', '.join(f'fits_{name}' for name in FACETS)}) ORDER BY {order}) "
        f"FROM page) AS page, json_build_object({', '.join(_facet(name) for name in FACETS)}) AS facets, {why}"
    )


_PLANNED_ONCE: Final = text("SET LOCAL plan_cache_mode = force_generic_plan")
"""Planning a search takes as long as making it. The plan is the same whatever is asked: every step goes by a key."""

SEARCH: Final = _statement(
    f"{ranking('service')}, {_NEAREST},",
    f"candidates AS r CROSS JOIN LATERAL {_KEYED}",
    f"{SHOWING} AS showing, {FOUND_WORDS} AS found_words, {REASONS} AS reasons, "
    # Other services that have the words may fit the filters.
    f"{READ_IN_PART} AND (SELECT count(*) FROM fitting) < {MOST_FOUND} AS too_few",
)
_LIST: Final = _statement(
    "",
    "services AS s JOIN organizations AS o ON o.id = s.organization_id "
    "CROSS JOIN (VALUES (false, 0)) AS r (has_all, score)",
    "NULL AS showing, NULL AS found_words, NULL AS reasons",
)
