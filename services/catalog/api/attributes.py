"""Attributes of services (HSDS attribute): terms of taxonomies, for whom a service is and how people look for it."""

from typing import Any
from uuid import UUID, uuid5

from services.catalog.domain import keywords, target_groups
from services.catalog.domain.target_groups import TARGET_GROUPS
from services.catalog.domain.texts import in_language, language_of
from services.catalog.tables import Service


def attributes(row: Service, language: str) -> list[dict[str, Any]]:
    """The target groups, then the keywords in `language`, or in another one where it has none."""
    spoken = row.keywords or {}
    chosen = language_of(spoken, language)
    return [
        *(_target_group(row.id, code, language) for code in row.target_groups),
        *(_keyword(row.id, word, chosen) for word in spoken.get(chosen, ())),
    ]


def _target_group(service_id: UUID, code: str, language: str) -> dict[str, Any]:
    label = in_language(TARGET_GROUPS.get(code, {}), language) or code
    term = {
        "id": target_groups.term_id(code),
        "code": code,
        "name": label,
        "description": label,
        "taxonomy": target_groups.TAXONOMY,
    }
    return {"id": uuid5(service_id, code), "link_type": "target_group", "label": label, "taxonomy_term": term}


def _keyword(service_id: UUID, word: str, language: str) -> dict[str, Any]:
    term_id = keywords.term_id(language, word)
    term = {
        "id": term_id,
        "name": word,
        "description": word,
        "taxonomy": keywords.TAXONOMY,
        "language": language,
    }
    return {"id": uuid5(service_id, str(term_id)), "link_type": "keyword", "label": word, "taxonomy_term": term}
