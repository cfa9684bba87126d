"""What every command works with, and how every command refuses."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.exc import IntegrityError

from services.catalog.domain.members import Caller
from services.catalog.domain.refusals import RuleBroken
from shared.clock import day_in_kuopio
from shared.database.transaction import Transaction
from shared.problems import Problem, conflict, invalid
from shared.publishing.outbox import Outbox

Given = ParamSpec("Given")
ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class UnitOfWork:
    """The transaction, where events are recorded, the moment it is, and who wants the change."""

    tx: Transaction
    outbox: Outbox
    now: datetime
    caller: Caller

    @property
    def today(self) -> date:
        """The day it is in Finland."""
        return day_in_kuopio(self.now)


def invalid_field(detail: str, field: str) -> Problem:
    """422 that names one field."""
    return invalid(detail, [{"field": field, "message": detail}])


def command(
    run: Callable[Concatenate[UnitOfWork, Given], Awaitable[ResultT]],
) -> Callable[Concatenate[UnitOfWork, Given], Awaitable[ResultT]]:
    """A decorator of commands: everything is written when they return, and what stands in the way is a problem.

    Raises 422 for a rule that is broken, with the field at fault, and 409 when the database refuses what the rules
    allowed: another change came in between.
    """

    @wraps(run)
    async def refusing(work: UnitOfWork, /, *args: Given.args, **kwargs: Given.kwargs) -> ResultT:
        try:
            result = await run(work, *args, **kwargs)
            await work.tx.flush()
        except RuleBroken as broken:
            raise invalid_field(broken.detail, broken.field) from None
        except IntegrityError:
            detail = "It clashes with a change made at the same moment. Read it again, then decide anew."
            raise conflict(detail) from None
        return result

    return refusing
