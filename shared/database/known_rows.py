"""The rows of a transaction, with the values that the database has of them."""

from collections.abc import Iterator

from sqlmodel import SQLModel

from shared.database.rows import Values, changes, primary_key, snapshot, table_of, values_of

Moment = dict[int, tuple[SQLModel, Values, Values]]
"""Row by row what the database had of it, and what stood in the row."""


class KnownRows:
    """Rows that were read or written, each with its values as they were then: what stands in the row may be newer."""

    def __init__(self) -> None:
        self._rows: dict[int, tuple[SQLModel, Values]] = {}

    def __contains__(self, row: SQLModel) -> bool:
        return id(row) in self._rows

    def remember(self, row: SQLModel) -> None:
        """Take what stands in the row for what the database has."""
        self._rows[id(row)] = (row, snapshot(values_of(row)))

    def forget(self, row: SQLModel) -> None:
        """Leave out a row, which is deleted."""
        del self._rows[id(row)]

    def values(self, row: SQLModel) -> Values:
        """The values with which a row was read or written last.

        Raises ValueError for a row of elsewhere, and for one that has another primary key now.
        """
        if row not in self:
            raise ValueError(f"this {type(row).__name__} was not read in this transaction")
        _, known = self._rows[id(row)]
        if primary_key(row) != tuple(known[column.name] for column in table_of(type(row)).primary_key):
            raise ValueError(f"a {type(row).__name__} keeps its primary key: delete it and insert another")
        return known

    def unsaved(self) -> Iterator[tuple[SQLModel, Values]]:
        """The rows in which something else stands than the database has, each with what is other."""
        for row, known in self._rows.values():
            if changed := changes(row, known):
                yield row, changed

    def now(self) -> Moment:
        """How all rows are now."""
        return {key: (row, dict(known), snapshot(values_of(row))) for key, (row, known) in self._rows.items()}

    def go_back(self, moment: Moment) -> None:
        """Have all rows be again as they were at that moment."""
        self._rows = {key: (row, known) for key, (row, known, _) in moment.items()}
        for row, _, shown in moment.values():
            row.__dict__.update(shown)
