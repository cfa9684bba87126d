"""Makes a service's copy of another service's facts anew, out of that service's log of events: `luotsi rebuild`.

Portion by portion, in the order of the rows' ids. After each portion, which is one short transaction, the copy is right
as far as the portion reaches; that is written down with it, as a comment of the table. So a rebuild that was broken off
goes on where it was, however large the copy is.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from asyncpg import InsufficientPrivilegeError
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from luotsi.platform.copied_events import states_of, subjects_after
from luotsi.platform.copies import COPIES, Copy
from luotsi.platform.operator_database import operator_database
from luotsi.platform.process import PlatformError
from luotsi.platform.target import Target
from shared.database.connections import Database
from shared.database.rows import Record, table_of
from shared.database.transaction import Transaction

PORTION: Final = 500
"""So many subjects are made anew in one transaction, for which consumers of the copy wait."""

_GOES_ON_SECONDS: Final = 24 * 3600.0
"""One that was broken off longer ago begins anew: whatever it was to mend, much has happened since."""

_SAY_EVERY_SECONDS: Final = 2.0

_FIRST: Final = UUID(int=0)
_LAST: Final = UUID(int=2**128 - 1)

_COMMENT = text("SELECT obj_description(to_regclass(:table), 'pg_class')")


@dataclass(frozen=True)
class Rebuilt:
    """How many rows a copy has so far, and how many of them are new, changed, or gone by being rebuilt.

    It is right up to the row `after`; `begun` is when it was begun, in seconds since 1970.
    """

    begun: int
    after: UUID = _FIRST
    rows: int = 0
    mended: int = 0

    @property
    def whole(self) -> bool:
        """Whether all of the copy is done."""
        return self.after == _LAST


def _nobody(_: Rebuilt) -> None:
    """Told of the progress where nobody wants to hear of it."""


def now_and_then(name: str, say: Callable[[str], None]) -> Callable[[Rebuilt], None]:
    """For `rebuild`: says every two seconds how far the copy `name` is."""
    told_at = time.monotonic()

    def tell(done: Rebuilt) -> None:
        nonlocal told_at
        if not done.whole and time.monotonic() - told_at >= _SAY_EVERY_SECONDS:
            told_at = time.monotonic()
            say(f"{name}: {done.rows} rows so far, {done.mended} mended")

    return tell


async def rebuild(
    target: Target, name: str, *, anew: bool = False, portion: int = PORTION, say: Callable[[Rebuilt], None] = _nobody
) -> Rebuilt:
    """Make the copy `name` anew while the service goes on reading it; `say` is told how far it is after each portion.

    Goes on where one of the same day was broken off, unless `anew`. It is made of events that the service has handled,
    and of none newer: the handler of an event still under way may do more than change the copy, and must find it as it
    was. No handler runs here, so nobody gets a notice.
    """
    copy = COPIES[name]
    # As the role that owns the copy: the service's own may add to proofs, and drop none.
    own_url, owners_url = target.owner_url(copy.service), target.database_url(copy.owner)
    try:
        async with operator_database(own_url) as own, operator_database(owners_url) as owners:
            done = await _begun(own, copy, anew=anew)
            while not done.whole:
                subjects = await subjects_after(owners, copy, done.after, portion)
                up_to = UUID(subjects[-1]) if len(subjects) == portion else _LAST
                done = await _rebuild_portion(own, owners, copy, done, subjects, up_to)
                say(done)
            return done
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != InsufficientPrivilegeError.sqlstate:
            raise
        variable = f"{copy.service.upper()}_OWNER_DATABASE_URL"
        raise PlatformError(f"{name} is only its owner's to make anew: set {variable}") from None


async def _begun(own: Database, copy: Copy, *, anew: bool) -> Rebuilt:
    """Where to begin: at the first row, or where one was broken off."""
    async with own.transaction() as tx:
        written = (await tx.execute(_COMMENT, {"table": _name(copy)})).scalar_one() or ""
    now = int(time.time())
    match written.split("|"):
        case ["rebuilding", begun, after, rows, mended] if not anew and now - int(begun) < _GOES_ON_SECONDS:
            return Rebuilt(int(begun), UUID(after), int(rows), int(mended))
    return Rebuilt(now)


async def _rebuild_portion(
    own: Database, owners: Database, copy: Copy, done: Rebuilt, subjects: Sequence[str], up_to: UUID
) -> Rebuilt:
    """Make the rows after `done.after` anew, `up_to` that id; `subjects` are those of them that the owner knows."""
    reach = {"after": done.after, "up_to": up_to}
    async with own.transaction() as tx:
        # A plan that was made when the copy was empty would be kept for all portions.
        await tx.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
        # Consumers wait, so that no event is dealt with between the look at the inbox and the commit.
        await tx.execute(text(f"LOCK TABLE {_name(copy)} IN SHARE ROW EXCLUSIVE MODE"))
        before = await _rows(tx, copy.table, reach)
        # A row that is here and not among the subjects is of nobody, or has come since these were asked for.
        told_of = sorted({*subjects, *(str(row["id"]) for row in before.values())})
        states = await states_of(tx, owners, copy, told_of)
        await tx.execute(text(f"DELETE FROM {_name(copy)} WHERE id > :after AND id <= :up_to"), reach)  # noqa: S608
        await copy.apply(tx, states)
        after = await _rows(tx, copy.table, reach)
        mended = sum(before.get(key) != after.get(key) for key in before.keys() | after.keys())
        done = replace(done, after=up_to, rows=done.rows + len(after), mended=done.mended + mended)
        await tx.execute(text(f"COMMENT ON TABLE {_name(copy)} IS {_as_comment(done)}"))
    return done


async def _rows(tx: Transaction, model: type[Record], reach: dict[str, UUID]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The rows of a copy within `reach`, by their keys."""
    table = table_of(model)
    within = (table.c.id > reach["after"], table.c.id <= reach["up_to"])
    found = await tx.execute(select(table).where(*within))
    return {tuple(row[column.name] for column in table.primary_key): dict(row) for row in found.mappings()}


def _as_comment(done: Rebuilt) -> str:
    """How far it is, as a literal of SQL's; nothing once it is whole."""
    return "NULL" if done.whole else f"'rebuilding|{done.begun}|{done.after}|{done.rows}|{done.mended}'"


def _name(copy: Copy) -> str:
    return str(copy.table.__tablename__)


__all__ = ["PORTION", "Rebuilt", "now_and_then", "rebuild"]
