"""Ranking: how well each organisation or service fits the words that somebody typed, as SQL of one statement.

What is found scores the sum, over the typed words, of rarity times quality times the weight of the place. A typed word
stands for words of the catalogue (`forms`), each with its quality: word_forms.py finds them.

Of a frequent word only the best `:most` of those that have it are read, and beyond them those that another typed word
has found, so that a search need not read a good part of a large catalogue. The statement is the same whatever is typed,
so the server prepares it once.
"""

from typing import Final

from services.catalog.domain.search import EVERYTHING, OTHER_LANGUAGE, PLACE_WEIGHTS, Place
from services.catalog.domain.texts import LANGUAGES
from services.catalog.queries.word_forms import INSTEAD, word_forms
from services.catalog.tables.search import BEST_PLACE

MOST_FOUND: Final = 100
"""How many are listed that fit, and how many more are looked at for what other filters would leave."""

MOST_READ: Final = 5 * MOST_FOUND
"""How many that have a word are read, those where it stands best, before that is found to be too few.

Those that have two frequent words are seldom the best of either.
"""

MOST_READ_ALONE: Final = 2 * MOST_FOUND
"""The same of a word that is looked for alone."""

WORTH_SHOWING: Final = 0.3
"""What scores less than this share of the best on the list is left out: it has but a common word in a poor place."""


def _weights() -> str:
    listed = ", ".join(str(PLACE_WEIGHTS[place]) for place in sorted(Place))
    return f"(CAST('{{0, {listed}}}' AS float8[]))"


def _counted(posting: str) -> str:
    """How much a word counts where it stands best."""
    each = [
        f"{_weights()}[{posting}.{language} + 1] * CASE WHEN :asker = '{language}' THEN 1 ELSE {OTHER_LANGUAGE} END"
        for language in LANGUAGES
    ]
    return f"greatest({', '.join(each)})"


def _number(kind: str, word_id: str) -> str:
    """Joins `number`, how many have a word, and whether that is more than are read."""
    return (
        f"CROSS JOIN LATERAL (SELECT {kind}s AS number, {kind}s > CAST(:most AS integer) AS in_part "
        f"FROM search_words WHERE id = {word_id} OFFSET 0) AS counted"
    )


def _best(kind: str, word_id: str) -> str:
    """Joins `h`, the best of those that have a word. Word by word: for all at once the planner would read all."""
    return (
        f"CROSS JOIN LATERAL (SELECT * FROM {kind}_search_words WHERE word_id = {word_id} "
        f"ORDER BY {BEST_PLACE} LIMIT CAST(:most AS integer)) AS h"
    )


_VALUES: Final = 65535
_VALUE_AT, _QUALITY_AT, _PLACES_AT = 47, 40, 31


def _match(posting: str, quality: str) -> str:
    """A match as one whole number, the better the greater, for numbers are compared soonest.

    From the left: value (of 65,535), quality (in hundredths), the places in fi, sv, en, and the word's id.
    """
    value = f"CAST(({quality}) * {_counted(posting)} * {_VALUES} AS bigint) << {_VALUE_AT}"
    places = " + ".join(
        f"({posting}.{language} << {shift})" for language, shift in zip(LANGUAGES, (6, 3, 0), strict=True)
    )
    return (
        f"(({value}) + (CAST(({quality}) * 100 AS bigint) << {_QUALITY_AT}) "
        f"+ (CAST({places} AS bigint) << {_PLACES_AT}) + {posting}.word_id)"
    )


def _parts_of_match() -> str:
    """Quality and places out of a match."""
    places = (f"(match >> {_PLACES_AT + shift}) & 7" for shift in (6, 3, 0))
    return f"((match >> {_QUALITY_AT}) & 127) / 100.0, {', '.join(places)}"


def _together(kind: str) -> str:
    """Who has both parts of a word put together."""
    return (
        f"parts AS MATERIALIZED (SELECT halves.*, in_part FROM halves {_number(kind, 'halves.id')}), "
        "together AS MATERIALIZED (SELECT no, owner_id, max(match) AS match FROM ("
        "SELECT no, cut, owner_id, min(match) AS match FROM ("
        f"SELECT no, cut, side, h.owner_id, max({_match('h', 'parts.quality')}) AS match "
        f"FROM parts {_best(kind, 'parts.id')} GROUP BY no, cut, side, h.owner_id) AS sides "
        "GROUP BY no, cut, owner_id HAVING count(*) = 2) AS pairs GROUP BY no, owner_id)"
    )


def _read(kind: str) -> str:
    """The matches of the typed words, of frequent ones only some."""
    match = f"no, h.owner_id, {_match('h', 'forms.quality')} AS match"
    return (
        "forms AS MATERIALIZED (SELECT every.*, number, in_part "
        "FROM (SELECT no, id, quality FROM known UNION ALL SELECT no, id, quality FROM instead) AS every "
        f"{_number(kind, 'every.id')}), "
        f"best_read AS MATERIALIZED (SELECT {match} FROM forms {_best(kind, 'forms.id')} "
        "UNION ALL SELECT no, owner_id, match FROM together), "
        f"read AS (SELECT * FROM best_read UNION ALL SELECT forms.{match} FROM forms "
        "JOIN (SELECT DISTINCT no, owner_id FROM best_read) AS met ON met.no <> forms.no CROSS JOIN LATERAL "
        f"(SELECT * FROM {kind}_search_words WHERE word_id = forms.id AND owner_id = met.owner_id OFFSET 0) AS h "
        "WHERE in_part)"
    )


def _hits(kind: str) -> str:
    total = f"(SELECT {kind}s FROM search_words WHERE word = '{EVERYTHING}')"
    having = "greatest(count(*), (SELECT max(number) FROM forms WHERE forms.no = hits.no))"
    return (
        f"{_read(kind)}, "
        "hits AS MATERIALIZED (SELECT no, owner_id, max(match) AS match FROM read GROUP BY no, owner_id), "
        f"rarities AS MATERIALIZED (SELECT no, ln(1 + {total}::float8 / {having}) AS rarity FROM hits GROUP BY no), "
        "ranked AS MATERIALIZED (SELECT owner_id, count(*) AS words, "
        f"sum((match >> {_VALUE_AT})::float8 / {_VALUES} * rarity) AS score "
        "FROM hits JOIN rarities USING (no) GROUP BY owner_id)"
    )


def ranking(kind: str) -> str:
    """The common table expressions that end in `ranked` (`owner_id`, `words`: how many fit, `score`).

    `kind` is `service` or `organization`. Parameters: `words` (folded, text[]), `asker` (a language), `exactly`, `most`
    (how many are read for each form of a word; NULL: all).
    """
    return ", ".join([word_forms(kind), _together(kind), INSTEAD, _hits(kind)])


HOW_MANY: Final = "(SELECT count(*) FROM rarities)"
"""How many typed words found anything."""

READ_IN_PART: Final = "(EXISTS (SELECT FROM forms WHERE in_part) OR EXISTS (SELECT FROM parts WHERE in_part))"
"""Whether a word has more than were read."""

FOUND_WORDS: Final = "(SELECT json_agg(no) FROM rarities)"
"""Which typed words found anything, as JSON."""


REASONS: Final = (
    "(SELECT json_agg(json_build_array(owner_id, no, (SELECT written FROM search_words "
    f"WHERE id = (match & {2**31 - 1})::int), {_parts_of_match()})) FROM hits WHERE owner_id IN (SELECT id FROM page))"
)
"""Why those with an `id` in `page` were found, as JSON: for each typed word the best match, with where it stands."""
