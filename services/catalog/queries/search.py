"""Search by text: the words of services and organisations as PostgreSQL full text, without extensions.

A text is folded (no capitals, no diacritics) before it is indexed and before it is looked for, and stemmed
in its own language besides being kept as it is. Finnish builds long words out of others, so the later parts
of long words in names are findable too: `neuvonta` finds `yritysneuvonta`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, TextClause, and_, case, func, literal, literal_column, or_, text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.catalog.domain.target_groups import TARGET_GROUPS
from services.catalog.domain.texts import words
from services.catalog.tables import Organization, OrganizationAlias, Service, ServiceAlias, Texts

_CONFIGURATIONS = {"fi": "finnish", "sv": "swedish", "en": "english"}
_SPLIT = "AB"
"""Weights of the texts whose long words are found by their later parts too, which count as D."""
_SHORTEST_PART = 5
_INSIDE = "zq"
"""Marks the later part of a word, so that a short word searched for does not match the middle of others."""

Weighted = Mapping[str, Sequence[Texts]]
"""PostgreSQL's weight (A, B and C) → texts that count so much."""


async def index(session: AsyncSession, organization: Organization) -> None:
    """Write down anew by which words an organisation and its services are found. Flushes the session."""
    await session.flush()
    own_aliases = select(OrganizationAlias).where(OrganizationAlias.organization_id == organization.id)
    aliases = [alias.name for alias in (await session.exec(own_aliases)).all()]
    names = [organization.name, organization.alternate_name]
    about = {"A": names, "B": aliases, "C": [organization.description]}
    await session.execute(_ORGANIZATION, {"id": organization.id, **_texts(about)})
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
        await session.execute(_SERVICE, {"id": service.id, **_texts(of_service)})


def _insertion(table: str, key: str) -> TextClause:
    """Writes the words of one row of `key`; each text is a parameter, named as in `_texts`."""
    parts = [
        f"setweight(to_tsvector('pg_catalog.{each}', :{name}), '{counts}')"
        for weight in "ABC"
        for language, configuration in _CONFIGURATIONS.items()
        # Positions past the first few thousand are worth nothing to ranking, and a vector holds only so many.
        for name, counts in ((f"{weight}_{language}", weight), (f"{weight}_{language}_inner", "D"))
        for each in (configuration, "simple")
        if name.endswith(language) or weight in _SPLIT
    ]
    return text(
        f"INSERT INTO {table} ({key}, words) VALUES (:id, {' || '.join(parts)}) "  # noqa: S608
        f"ON CONFLICT ({key}) DO UPDATE SET words = excluded.words"
    )


_ORGANIZATION = _insertion("organization_words", "organization_id")
_SERVICE = _insertion("service_words", "service_id")


def _texts(groups: Weighted) -> dict[str, str]:
    texts = {}
    for weight, group in groups.items():
        for language in _CONFIGURATIONS:
            plain = [word for each in group for word in words(each.get(language, ""))]
            texts[f"{weight}_{language}"] = " ".join(plain)
            if weight in _SPLIT:
                texts[f"{weight}_{language}_inner"] = " ".join(_inner_parts(plain))
    return texts


def _inner_parts(plain: Iterable[str]) -> list[str]:
    """The ends of long words, each marked: `kielikurssi` → `zqkurssi` and the like."""
    return [_INSIDE + word[start:] for word in plain for start in range(3, len(word) - _SHORTEST_PART + 1)]


class Query:
    """What somebody typed: every word must be found; the last may be the beginning of one.

    `nothing` says that there was no word at all in what was typed.
    """

    def __init__(self, typed: str) -> None:
        self._words = words(typed)

    @property
    def nothing(self) -> bool:
        """Whether there is no word to look for."""
        return not self._words

    def matches(self, vector: Any) -> ColumnElement[bool]:
        """The condition that `vector` (a tsvector column) holds every word that means something."""
        conditions = []
        for number, word in enumerate(self._words):
            is_last = number == len(self._words) - 1
            found = vector.op("@@")(_any_form(word, prefix=is_last))
            conditions.append(found if is_last else or_(found, _is_stop_word(word)))
        return and_(*conditions)

    def rank(self, vector: Any) -> ColumnElement[float]:
        """How well `vector` fits, the higher the better."""
        wanted = _any_form(self._words[0], prefix=len(self._words) == 1)
        for number, word in enumerate(self._words[1:], start=2):
            wanted = wanted.op("||")(_any_form(word, prefix=number == len(self._words)))
        return func.ts_rank(vector, wanted)


def _any_form(word: str, *, prefix: bool) -> ColumnElement[Any]:
    """A tsquery for the word as it is, or its stem in any of the languages, or the end of a longer word."""
    forms = [word]
    if len(word) >= _SHORTEST_PART:
        forms.append(_INSIDE + word)
    query: ColumnElement[Any] | None = None
    for form in forms:
        for configuration in ("simple", *_CONFIGURATIONS.values()):
            each = _tsquery(configuration, f"{form}:*" if prefix else form)
            query = each if query is None else query.op("||")(each)
    assert query is not None
    return query


def _is_stop_word(word: str) -> ColumnElement[bool]:
    empty = [func.numnode(_tsquery(configuration, word)) == 0 for configuration in _CONFIGURATIONS.values()]
    return case((or_(*empty), literal(True)), else_=literal(False))


def _tsquery(configuration: str, typed: str) -> ColumnElement[Any]:
    return func.to_tsquery(literal_column(f"'pg_catalog.{configuration}'::regconfig"), typed)


__all__ = ["Query", "index"]
