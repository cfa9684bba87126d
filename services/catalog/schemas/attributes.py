"""Attributes of a service over HTTP (HSDS attribute): terms of taxonomies."""

from typing import Literal
from uuid import UUID

from shared.web.answers import Answer, Maybe, absent


class TermView(Answer):
    """A target group or a keyword (HSDS taxonomy_term); a keyword has the `language` it is in, and no `code`."""

    id: UUID
    code: Maybe[str] = absent()
    name: str
    description: str
    taxonomy: str
    language: Maybe[str] = absent()


class AttributeView(Answer):
    """Whom a service is for, or a word by which people look for it (HSDS attribute)."""

    id: UUID
    link_type: Literal["target_group", "keyword"]
    label: str
    taxonomy_term: TermView
