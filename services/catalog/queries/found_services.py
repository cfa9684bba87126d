"""Which services are wanted, and what there is to say of those that were found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.catalog.domain.reasons import Fit, Matched
from services.catalog.domain.search import Word
from services.catalog.queries.service_facts import FACETS, FactsWanted


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


Facets = Mapping[str, Mapping[str, int]]
"""Name of a filter → value → how many services there would be."""


@dataclass(frozen=True)
class FoundServices:
    """One page of what was found: ids in order, how many there are in all, and what there is to say about it.

    `showing`: typed word → the word looked for instead. `unknown`: the typed words that found nothing. `matched` and
    `fits`: by id, why a service was found.
    """

    ids: Sequence[UUID]
    total: int
    typed: Sequence[Word] = ()
    showing: Mapping[str, str] = field(default_factory=dict)
    unknown: Sequence[Word] = ()
    facets: Facets = field(default_factory=dict)
    matched: Mapping[UUID, Sequence[Matched]] = field(default_factory=dict)
    fits: Mapping[UUID, Sequence[Fit]] = field(default_factory=dict)


def all_facets(counted: Facets) -> Facets:
    """What was counted, with every filter: nothing is counted of one that leaves nothing."""
    return {name: counted.get(name) or {} for name in FACETS}


def fits_of(page: Sequence[Sequence[Any]], wanted: FactsWanted) -> dict[UUID, list[Fit]]:
    """By id, in order of the page: whether a service fits each filter that is `wanted`.

    A row of the page is an id and, for each of FACETS, whether it fits.
    """
    asked = [name for name in FACETS if getattr(wanted, name) is not None]
    rows = [(UUID(key), dict(zip(FACETS, fits, strict=True))) for key, *fits in page]
    return {key: [Fit(name, _spelled(getattr(wanted, name)), fits[name]) for name in asked] for key, fits in rows}


def _spelled(value: object) -> str:
    """A value of a filter as it is written in an address."""
    return str(value).lower() if isinstance(value, bool) else str(value)
