"""Search by text: what somebody typed, as conditions on the words that organisations and services are found by."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, SQLColumnExpression, Text, bindparam, column, func, text
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY

from services.catalog.domain.search import STEMMERS, TypedWords

# One text for all that can be typed. The words are parameters: however many there are, SQLAlchemy compiles one
# statement, and the driver prepares one. What a configuration knows no word in is a query of no nodes.
_QUERY: Final = """
SELECT CAST(string_agg(alternatives, '{operator}') AS tsquery) FROM (
    SELECT '(' || string_agg(CAST(query AS text), ' | ') FILTER (WHERE numnode(query) > 0) || ')' AS alternatives
    FROM unnest(:numbers, :forms) AS typed (number, form)
    CROSS JOIN LATERAL (VALUES {queries}) AS queries (query)
    GROUP BY number {having}
) AS words
"""
_QUERIES: Final = ", ".join(
    f"(to_tsquery('pg_catalog.{configuration}', form))" for configuration in ("simple", *STEMMERS.values())
)
# A stemmer makes no node of a stop word, which need not be found. The last word may still become another one.
_EVERY_WORD: Final = _QUERY.format(
    operator=" & ", queries=_QUERIES, having="HAVING number = :unfinished OR min(numnode(query)) > 0"
)
_ANY_WORD: Final = _QUERY.format(operator=" | ", queries=_QUERIES, having="")


class Query:
    """What somebody typed: every word must be found; the last may be the beginning of one.

    `nothing` says that there was no word at all in what was typed.
    """

    def __init__(self, typed: str) -> None:
        self._words = TypedWords(typed)

    @property
    def nothing(self) -> bool:
        """Whether there is no word to look for."""
        return not self._words.forms

    def matches(self, vector: SQLColumnExpression[str]) -> ColumnElement[bool]:
        """The condition that `vector` (a tsvector column) holds every word that means something."""
        every = self._query(_EVERY_WORD, bindparam("unfinished", self._words.unfinished, Integer))
        return vector.bool_op("@@")(every)

    def rank(self, vector: SQLColumnExpression[str]) -> ColumnElement[float]:
        """How well `vector` fits, the higher the better."""
        return func.ts_rank(vector, self._query(_ANY_WORD))

    def _query(self, sql: str, *more: Any) -> Any:
        """A tsquery of the words; each is one in any of its forms, or by its stem in any of the languages."""
        numbers = bindparam("numbers", [number for number, _ in self._words.forms], ARRAY(Integer))
        forms = bindparam("forms", [form for _, form in self._words.forms], ARRAY(Text))
        return text(sql).bindparams(numbers, forms, *more).columns(column("query", TSQUERY)).scalar_subquery()
