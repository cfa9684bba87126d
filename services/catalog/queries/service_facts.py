"""What should be true of a service: the conditions of the filters, and how the values of each are counted, as SQL.

A service is `s`, its organisation `o`.
"""

from dataclasses import dataclass, fields
from typing import Final


@dataclass(frozen=True)
class FactsWanted:
    """What should be true of a service; what is None does not narrow. The values of each are counted."""

    language: str | None = None
    target_group: str | None = None
    area: str | None = None
    organization_type: str | None = None
    accepting: bool | None = None


FACETS: Final = tuple(each.name for each in fields(FactsWanted))


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
    """How many of those `judged` would be left, value by value of a filter, all other filters heeded; as JSON."""
    others = " AND ".join(f"fits_{other}" for other in FACETS if other != name)
    return (
        f"(SELECT json_object_agg(value, number) FROM (SELECT value, count(*) AS number FROM "
        f"(SELECT {_VALUES[name]} AS value FROM judged WHERE {others}) AS those GROUP BY value) AS counted)"
    )


VISIBLE: Final = (
    "o.active AND CASE WHEN CAST(:status AS text) IS NULL THEN s.status IN ('active', 'temporarily closed') "
    "ELSE s.status = :status END AND (CAST(:organization_id AS uuid) IS NULL OR s.organization_id = :organization_id)"
)

MISFITS: Final = " + ".join(f"(NOT {_fits(name)})::int" for name in FACETS)
"""How many filters a service does not fit."""

FITS_COLUMNS: Final = ", ".join(f"{_fits(name)} AS fits_{name}" for name in FACETS)
"""For each filter whether a service fits it."""

FACTS: Final = (
    f"s.id, s.languages, s.target_groups, o.organization_type, {_ACCEPTS} AS accepts, {FITS_COLUMNS}, "
    f"ARRAY({_CITIES} UNION SELECT {_text(_AREA_NAME)} FROM {_AREAS}) AS areas, "
    '(s.sort_keys ->> CAST(:asker AS text)) COLLATE "C" AS name'
)
"""The columns by which services are filtered, counted and sorted."""

FITS: Final = ", ".join(f"fits_{name}" for name in FACETS)
FITS_ALL: Final = " AND ".join(f"fits_{name}" for name in FACETS)

_COUNTED: Final = ", ".join(f"'{name}', {_facet(name)}" for name in FACETS)
COUNTED: Final = f"json_build_object({_COUNTED})"
"""The values of all filters, counted."""
