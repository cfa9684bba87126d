"""Search by text: what somebody typed, as conditions on the words that organisations and services are found by."""

from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, func, literal, literal_column, or_

from services.catalog.domain.search import STEMMERS, forms_of
from shared.values.folding import words


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

    def matches(self, vector: SQLColumnExpression[str]) -> ColumnElement[bool]:
        """The condition that `vector` (a tsvector column) holds every word that means something."""
        conditions = []
        for number, word in enumerate(self._words):
            is_last = number == len(self._words) - 1
            found = vector.op("@@")(_any_form(word, prefix=is_last))
            conditions.append(found if is_last else or_(found, _is_stop_word(word)))
        return and_(*conditions)

    def rank(self, vector: SQLColumnExpression[str]) -> ColumnElement[float]:
        """How well `vector` fits, the higher the better."""
        wanted = _any_form(self._words[0], prefix=len(self._words) == 1)
        for number, word in enumerate(self._words[1:], start=2):
            wanted = wanted.op("||")(_any_form(word, prefix=number == len(self._words)))
        return func.ts_rank(vector, wanted)


def _any_form(word: str, *, prefix: bool) -> ColumnElement[Any]:
    """A tsquery for the word as it is, or its stem in any of the languages, or the end of a longer word."""
    query: ColumnElement[Any] | None = None
    for form in forms_of(word):
        for configuration in ("simple", *STEMMERS.values()):
            each = _tsquery(configuration, f"{form}:*" if prefix else form)
            query = each if query is None else query.op("||")(each)
    assert query is not None
    return query


def _is_stop_word(word: str) -> ColumnElement[bool]:
    empty = [func.numnode(_tsquery(configuration, word)) == 0 for configuration in STEMMERS.values()]
    return case((or_(*empty), literal(True)), else_=literal(False))


def _tsquery(configuration: str, typed: str) -> ColumnElement[Any]:
    return func.to_tsquery(literal_column(f"'pg_catalog.{configuration}'::regconfig"), typed)
