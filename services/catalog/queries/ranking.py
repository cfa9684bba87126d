"""Ranking: how well each organisation or service fits the words that somebody typed, as SQL of one statement.

The statement is the same whatever is typed, so the server prepares it once. A typed word stands for the words of the
catalogue that belong with it (`forms`), each with how surely it does: its `quality`.

1. The word itself, words with its stem in a language, longer words of which it is a later part or the beginning, and
   words that begin alike and end otherwise: `perustaminen` and `perustamiseen`.
2. A word without any of these is taken for two put together when both stand in one service: `kielikurssi` where
   there is `kieli` and `kurssi`.
3. What is unknown then is taken for the words that it resembles most (Dice's coefficient of their trigrams), unless the
   asker wants exactly what was typed.
4. What resembles nothing then is put together even of halves of longer words: `puhekaveri` of `puhekieli` and `kaveri`.

What is found scores the sum, over the typed words, of rarity times quality times the weight of the place.

Of a frequent word only the best `:most` of those that have it are read, and beyond them those that another typed word
has found, so that a search need not read a good part of a large catalogue.
"""

from typing import Final

from services.catalog.domain.search import EVERYTHING, MOST_WORDS, OTHER_LANGUAGE, PLACE_WEIGHTS, Place
from services.catalog.domain.texts import LANGUAGES
from services.catalog.queries.spelling import stems_of, trigrams_of
from services.catalog.tables.search import BEST_PLACE

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

MOST_FOUND: Final = 100
"""How many are listed that fit, and how many more are looked at for what other filters would leave."""

MOST_READ: Final = 5 * MOST_FOUND
"""How many that have a word are read, those where it stands best, before that is found to be too few."""

WORTH_SHOWING: Final = 0.3
"""What scores less than this share of the best on the list is left out: it has but a common word in a poor place."""

_SURELY_NEAR: Final = 0.75
"""Dice's coefficient from which an unknown word is sooner a misspelt one than two put together."""

_LENGTHS_APART: Final = 4
"""A word that resembles another is longer or shorter by a letter in so many: `laakari` is no `hammaslaakari`."""

_MOST_FORMS: Final = 60
_LAST: Final = "chr(1114111)"
"""Sorts behind every letter."""


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
    "halves AS MATERIALIZED (SELECT typed.no, cut, side, found.id, found.quality FROM typed "
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
    f"AND NOT EXISTS (SELECT FROM near WHERE near.no = typed.no AND near.dice >= {_SURELY_NEAR}))"
)


def _having(postings: str, word_id: str) -> str:
    """Joins `h`, who has a word. By the key, word by word: the planner guesses too many words, and would read all."""
    return f"CROSS JOIN LATERAL (SELECT * FROM {postings} WHERE word_id = {word_id} OFFSET 0) AS h"


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


def _together(postings: str) -> str:
    return (
        "together AS MATERIALIZED (SELECT no, owner_id, max(match) AS match FROM ("
        "SELECT no, cut, owner_id, min(match) AS match FROM ("
        f"SELECT no, cut, side, h.owner_id, max({_match('h', 'halves.quality')}) AS match "
        f"FROM halves {_having(postings, 'halves.id')} GROUP BY no, cut, side, h.owner_id) AS sides "
        "GROUP BY no, cut, owner_id HAVING count(*) = 2) AS pairs GROUP BY no, owner_id)"
    )


_INSTEAD: Final = (
    "resembling AS MATERIALIZED (SELECT * FROM near WHERE NOT EXISTS (SELECT FROM together "
    "WHERE together.no = near.no)), "
    "instead AS MATERIALIZED (SELECT no, id, max(quality) AS quality FROM ("
    f"SELECT no, id, dice * {RESEMBLING} AS quality FROM resembling WHERE dice >= nearest - 0.1 UNION ALL "
    f"SELECT no, same.id, dice * {RESEMBLING} FROM resembling CROSS JOIN LATERAL (SELECT id FROM search_words "
    "WHERE search_words.stems && resembling.stems) AS same WHERE dice = nearest) AS alike GROUP BY no, id)"
)


def _read(kind: str) -> str:
    """The matches of the typed words, of frequent ones only some."""
    postings = f"{kind}_search_words"
    match = f"no, h.owner_id, {_match('h', 'forms.quality')} AS match"
    return (
        "forms AS MATERIALIZED (SELECT every.*, number, number > CAST(:most AS integer) AS cut "
        "FROM (SELECT no, id, quality FROM known UNION ALL SELECT no, id, quality FROM instead) AS every "
        f"CROSS JOIN LATERAL (SELECT {kind}s AS number FROM search_words WHERE id = every.id OFFSET 0) AS counted), "
        f"best_read AS MATERIALIZED (SELECT {match} FROM forms CROSS JOIN LATERAL (SELECT * FROM {postings} "
        f"WHERE word_id = forms.id ORDER BY {BEST_PLACE} LIMIT CAST(:most AS integer)) AS h "
        "UNION ALL SELECT no, owner_id, match FROM together), "
        f"read AS (SELECT * FROM best_read UNION ALL SELECT forms.{match} FROM forms "
        "JOIN (SELECT DISTINCT no, owner_id FROM best_read) AS met ON met.no <> forms.no CROSS JOIN LATERAL "
        f"(SELECT * FROM {postings} WHERE word_id = forms.id AND owner_id = met.owner_id OFFSET 0) AS h WHERE cut)"
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
    together = _together(f"{kind}_search_words")
    return ", ".join([_TYPED, _KNOWN, _near(kind), _HALVES, together, _INSTEAD, _hits(kind)])


SHOWING: Final = (
    "(SELECT json_agg(json_build_object('no', no, 'for', written) ORDER BY no) FROM (SELECT DISTINCT ON (no) no, "
    "written FROM resembling JOIN search_words USING (id) ORDER BY no, dice DESC, services DESC, id) AS nearest)"
)
"""Which word is looked for instead of which typed one, counted from 1, as JSON."""

HOW_MANY: Final = "(SELECT count(*) FROM rarities)"
"""How many typed words found anything."""

READ_IN_PART: Final = "coalesce((SELECT bool_or(cut) FROM forms), false)"
"""Whether a word has more than were read."""

FOUND_WORDS: Final = "(SELECT json_agg(no) FROM rarities)"
"""Which typed words found anything, as JSON."""


REASONS: Final = (
    "(SELECT json_agg(json_build_array(owner_id, no, (SELECT written FROM search_words "
    f"WHERE id = (match & {2**31 - 1})::int), {_parts_of_match()})) FROM hits WHERE owner_id IN (SELECT id FROM page))"
)
"""Why those with an `id` in `page` were found, as JSON: for each typed word the best match, with where it stands."""
