"""What a search finds, turned into what callers see: services with why they were found, facets, words instead."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from babel import Locale

from services.catalog.api.pages import page_fields
from services.catalog.domain.facets import name_of, sentence
from services.catalog.queries.found_services import FoundServices
from services.catalog.queries.pages import PageWanted
from services.catalog.schemas.hits import ShowingView
from shared.events.catalog import Language


def found_page(
    page: PageWanted, found: FoundServices, services: Iterable[Mapping[str, Any]], language: Language
) -> dict[str, Any]:
    """The fields of one page of `found`, in `language`; `services` are the fields of its services, in order."""
    hits = [{**each, "why": _why(found, each["id"], language)} for each in services]
    return {
        **page_fields(page, hits, found.total),
        "showing": showing(found.showing),
        "unknown": [each.written for each in found.unknown],
        "facets": {name: _facet(name, counts, language) for name, counts in found.facets.items()},
    }


def showing(instead: Mapping[str, str]) -> list[ShowingView]:
    """Typed word → the word that was looked for instead, as callers see it."""
    return [ShowingView(for_=word, instead_of=typed) for typed, word in instead.items()]


def _why(found: FoundServices, key: UUID, language: Language) -> dict[str, Any] | None:
    words, facts = found.matched.get(key, ()), found.fits.get(key, ())
    if not found.typed and not facts:
        return None
    matched = {word.typed for word in words}
    return {
        "words": [
            {
                "word": word.typed,
                "found": word.found,
                "language": word.language,
                "place": word.place.name.lower().replace("_", "-"),
            }
            for word in words
        ],
        "missing": [word.written for word in found.typed if word.written not in matched],
        "facts": [
            {
                "fact": fit.fact,
                "wanted": fit.wanted,
                "fits": fit.fits,
                "text": sentence(fit.fact, _named(fit.fact, fit.wanted, language), fit.fits, language),
            }
            for fit in facts
        ],
    }


def _facet(name: str, counts: Mapping[str, int], language: Language) -> list[dict[str, Any]]:
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [{"value": value, "name": _named(name, value, language), "count": number} for value, number in ordered]


def _named(fact: str, value: str, language: Language) -> str:
    """What a value of a filter is called in `language`; the value itself where it has no name."""
    if fact == "language":
        return str(Locale(language).languages.get(value.partition("-")[0].lower(), value))
    return name_of(fact, value, language)
