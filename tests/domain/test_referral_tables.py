"""The order in which a flush writes the referral service's tables."""

from sqlmodel import SQLModel

from services.referral.tables import Base


def _models() -> list[type[SQLModel]]:
    return [mapper.class_ for mapper in Base._sa_registry.mappers]


def test_names_sort_a_table_after_those_it_refers_to() -> None:
    """Without relationships SQLAlchemy flushes by name of module and class, and foreign keys are checked at once."""
    names = {model.__tablename__: f"{model.__module__}.{model.__name__}" for model in _models()}
    pairs = [
        (names[key.column.table.name], names[table.name])
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table is not table
    ]
    assert len(pairs) > 5
    assert [pair for pair in pairs if pair[0] > pair[1]] == []
