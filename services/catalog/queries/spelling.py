"""How the database takes a word apart: stems, later parts, trigrams. Expressions of SQL on a column with a folded word.

The words of the catalogue and the words that somebody types are taken apart alike.
"""

STEMMERS = {"f": "finnish_stem", "s": "swedish_stem", "e": "english_stem"}
"""The letter with which a stem begins → PostgreSQL's name for what made it."""


def stems_of(word: str) -> str:
    """The stems of a word in the three languages, each with the letter of its language before it."""
    each = [f"'{letter}' || (ts_lexize('pg_catalog.{stemmer}', {word}))[1]" for letter, stemmer in STEMMERS.items()]
    return f"array_remove(ARRAY[{', '.join(each)}], NULL)"


def parts_of(word: str, stems: str) -> str:
    """The later parts, four letters or more after three or more, of a word and of its `stems`."""
    forms = f"(SELECT {word} UNION SELECT substr(stem, 2) FROM unnest({stems}) AS stem)"
    return (
        f"ARRAY(SELECT DISTINCT substr(form, start) FROM {forms} AS forms (form), "
        "generate_series(4, length(form) - 3) AS start)"
    )


def trigrams_of(word: str) -> str:
    """Every three letters in a row, with two spaces before the word and one after it."""
    return (
        f"ARRAY(SELECT DISTINCT substr('  ' || {word} || ' ', start, 3) "
        f"FROM generate_series(1, length({word}) + 1) AS start)"
    )
