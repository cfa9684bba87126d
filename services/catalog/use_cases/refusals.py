"""How every command refuses: a broken rule, or a clash in the database, becomes a problem."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.exc import IntegrityError

from services.catalog.domain.refusals import RuleBroken
from services.catalog.unit_of_work import UnitOfWork
from shared.problems import Problem, conflict, invalid

Given = ParamSpec("Given")
ResultT = TypeVar("ResultT")


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
