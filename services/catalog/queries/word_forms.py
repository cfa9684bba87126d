"""Which words of the catalogue a typed word stands for, its forms, each with how surely it does: its `quality`. SQL.

1. The word itself, words with its stem in a language, longer words of which it is a later part or the beginning, and
   words that begin alike and end otherwise: `perustaminen` and `perustamiseen`.
2. A word without any of these is taken for two put together when both stand in one service: `kielikurssi` where
   there is `kieli` and `kurssi`.
3. What is unknown then is taken for the words that it resembles most (Dice's coefficient of their trigrams), unless the
   asker wants exactly what was typed.
4. What resembles nothing then is put together even of halves of longer words: `puhekaveri` of `puhekieli` and `kaveri`.
"""

from typing import Final

from services.catalog.domain.search import MOST_WORDS
from services.catalog.queries.spelling import stems_of, trigrams_of

EXACT: Final = 1.0
SAME_STEM: Final = 0.9
LATER_PART: Final = 0.7
BEGINNING: Final = 0.7
ALIKE: Final = 0.6
PUT_TOGETHER: Final = 0.6
PARTS_TOGETHER: Final = 0.4
RESEMBLING: Final = 0.7
"""How surely a word of the catalogue is what was typed."""

NEAR_ENOUGH: Final = 0.5
"""Dice's coefficient from which a word resembles another."""

_NEAR_IF_SHORT: Final = 0.55
"""The same for words of fewer than eight letters, of which two resemble each other soon."""

_NEAR_FROM_THE_FIRST: Final = 0.65
"""The same for words that begin with another letter, which misspelt ones seldom do: `verokortti` is no `ajokortti`."""

_SURELY_NEAR: Final = 0.75
"""Dice's coefficient from which an unknown word is sooner a misspelt one than two put together."""

_LENGTHS_APART: Final = 4
"""A word that resembles another is longer or shorter by a letter in so many: `laakari` is no `hammaslaakari`."""

_MOST_FORMS: Final = 60
_LAST: Final = "chr(1114111)"
"""Sorts behind every letter."""


_TYPED: Final = (
    "typed AS MATERIALIZED (SELECT no, word, length(word) AS long, stems, "
    "CASE WHEN length(word) >= 5 THEN left(word, greatest(4, floor(length(word) * 0.6)::int)) "
    "WHEN length(word) >= 3 THEN word END AS beginning, "
    "ARRAY(SELECT word UNION SELECT substr(stem, 2) FROM unnest(stems) AS stem "
    "WHERE length(stem) - 1 >= greatest(4, length(word) * 0.6)) AS roots, "
    # A stem of four letters is the end of too many words: `ment` of mentor that of employment.
    "ARRAY(SELECT word UNION SELECT substr(stem, 2) FROM unnest(stems) AS stem "
    "WHERE length(stem) - 1 >= greatest(5, length(word) * 0.6)) AS ends "
    f"FROM (SELECT no, word, {stems_of('word')} AS stems "
    # Not unnest: whatever number of words is planned for, it is the same for every query, and one plan serves for all.
    f"FROM (SELECT no, (CAST(:words AS text[]))[no] AS word FROM generate_series(1, {MOST_WORDS}) AS no) AS numbered "
    "WHERE word IS NOT NULL) AS given)"
)

_KNOWN: Final = (
    "known AS MATERIALIZED (SELECT typed.no, belonging.id, max(belonging.quality) AS quality FROM typed "
    "CROSS JOIN LATERAL ("
    f"SELECT id, {EXACT} AS quality FROM search_words WHERE word = typed.word "
    f"UNION ALL SELECT id, {SAME_STEM} FROM search_words WHERE stems && typed.stems "
    f"UNION ALL SELECT id, {LATER_PART} FROM search_words WHERE parts && typed.ends "
    "UNION ALL (SELECT id, quality FROM (SELECT id, services, CASE "
    f"WHEN EXISTS (SELECT FROM unnest(typed.roots) AS root WHERE starts_with(word, root)) THEN {BEGINNING} "
    "WHEN typed.long >= 5 AND (SELECT max(shared) FROM generate_series(5, typed.long) AS shared "
    f"WHERE left(word, shared) = left(typed.word, shared)) >= length(word) * 0.7 THEN {ALIKE} END AS quality "
    f"FROM search_words WHERE word >= typed.beginning AND word < typed.beginning || {_LAST}) AS begun "
    f"WHERE quality IS NOT NULL ORDER BY quality DESC, services DESC LIMIT {_MOST_FORMS})"
    ") AS belonging GROUP BY typed.no, belonging.id)"
)


def _near(kind: str) -> str:
    return (
        "near AS MATERIALIZED (SELECT unknown.no, found.id, found.stems, found.dice, "
        "max(found.dice) OVER (PARTITION BY unknown.no) AS nearest FROM (SELECT no, word, long, "
        f"{trigrams_of('word')} AS trigrams FROM typed WHERE NOT CAST(:exactly AS boolean) AND long >= 4 "
        "AND NOT EXISTS (SELECT FROM known WHERE known.no = typed.no)) AS unknown CROSS JOIN LATERAL ("
        f"SELECT id, stems, dice FROM (SELECT id, word, stems, {kind}s AS number, 2.0 * (SELECT count(*) "
        "FROM unnest(trigrams) AS trigram WHERE trigram = ANY (unknown.trigrams)) "
        "/ (cardinality(trigrams) + cardinality(unknown.trigrams)) AS dice "
        f"FROM search_words WHERE trigrams && unknown.trigrams AND {kind}s > 0 "
        f"AND abs(length(search_words.word) - unknown.long) <= greatest(1, unknown.long / {_LENGTHS_APART})"
        ") AS measured "
        f"WHERE dice >= CASE WHEN left(measured.word, 1) <> left(unknown.word, 1) THEN {_NEAR_FROM_THE_FIRST} "
        f"WHEN unknown.long < 8 THEN {_NEAR_IF_SHORT} ELSE {NEAR_ENOUGH} END "
        "ORDER BY dice DESC, number DESC, id LIMIT 3) AS found)"
    )


_BEGUN: Final = (
    "word >= left(part, greatest(4, cut - 1)) "
    f"AND word < left(part, greatest(4, cut - 1)) || {_LAST} AND length(word) <= cut + 5"
)
"""That a word is a first half, which may be without its last letter, or begins with it and is not much longer."""

_UNLIKE: Final = "NOT CAST(:exactly AS boolean) AND NOT EXISTS (SELECT FROM near WHERE near.no = typed.no)"

_HALVES: Final = (
    # The first half may be cut: `opiskelijapalvelut` is made of opiskelij|at and palvelut.
    "halves AS MATERIALIZED (SELECT * FROM (SELECT typed.no, cut, side, found.id, found.quality, "
    "min(side) OVER each <> max(side) OVER each AS two_sided FROM typed "
    "CROSS JOIN LATERAL generate_series(3, typed.long - 4) AS cut "
    "CROSS JOIN LATERAL (VALUES (1, left(typed.word, cut)), (2, substr(typed.word, cut + 1))) AS half (side, part) "
    "CROSS JOIN LATERAL ("
    f"SELECT id, {PUT_TOGETHER} AS quality FROM search_words WHERE word = part "
    f"UNION ALL SELECT id, {PUT_TOGETHER} FROM search_words WHERE stems && {stems_of('part')} "
    f"UNION ALL (SELECT id, {PUT_TOGETHER} FROM search_words WHERE side = 1 AND cut >= 5 AND {_BEGUN} "
    f"LIMIT {_MOST_FORMS}) "
    # Halves that stand in longer words alone.
    f"UNION ALL (SELECT id, {PARTS_TOGETHER} FROM search_words WHERE side = 1 AND cut = 4 AND {_BEGUN} "
    f"AND {_UNLIKE} LIMIT {_MOST_FORMS}) "
    f"UNION ALL SELECT id, {PARTS_TOGETHER} FROM search_words WHERE side = 2 AND parts && ARRAY[part] "
    f"AND {_UNLIKE}"
    ") AS found WHERE NOT EXISTS (SELECT FROM known WHERE known.no = typed.no) "
    f"AND NOT EXISTS (SELECT FROM near WHERE near.no = typed.no AND near.dice >= {_SURELY_NEAR}) "
    "WINDOW each AS (PARTITION BY typed.no, cut)) AS sides WHERE two_sided)"
)


INSTEAD: Final = (
    "resembling AS MATERIALIZED (SELECT * FROM near WHERE NOT EXISTS (SELECT FROM together "
    "WHERE together.no = near.no)), "
    "instead AS MATERIALIZED (SELECT no, id, max(quality) AS quality FROM ("
    f"SELECT no, id, dice * {RESEMBLING} AS quality FROM resembling WHERE dice >= nearest - 0.1 UNION ALL "
    f"SELECT no, same.id, dice * {RESEMBLING} FROM resembling CROSS JOIN LATERAL (SELECT id FROM search_words "
    "WHERE search_words.stems && resembling.stems) AS same WHERE dice = nearest) AS alike GROUP BY no, id)"
)
"""What resembles an unknown word that is not two put together (`together`), and with what quality it is looked for."""


def word_forms(kind: str) -> str:
    """The common table expressions `typed`, `known`, `near` and `halves`; `kind`: who has words, as `ranking` says."""
    return ", ".join([_TYPED, _KNOWN, _near(kind), _HALVES])


SHOWING: Final = (
    "(SELECT json_agg(json_build_object('no', no, 'for', written) ORDER BY no) FROM (SELECT DISTINCT ON (no) no, "
    "written FROM resembling JOIN search_words USING (id) ORDER BY no, dice DESC, services DESC, id) AS nearest)"
)
"""Which word is looked for instead of which typed one, counted from 1, as JSON."""
