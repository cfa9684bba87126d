"""Idempotency keys over HTTP: a caller's own name for a request, under which it is carried out once.

What is kept of a key, and of the answer, is each service's own; here is how a key comes in, what is wrong with one, and
the course that a request with one takes.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel

from shared.problems import malformed
from shared.web.bodies import refuse_unstorable
from shared.web.http_methods import route_path
from shared.web.versions import IF_MATCH

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
_LONGEST: Final = 200

AnswerT = TypeVar("AnswerT", bound=BaseModel)


def _parameter(*, required: bool) -> dict[str, Any]:
    return {
        "name": HEADER,
        "in": "header",
        "required": required,
        "schema": {"type": "string", "minLength": 1, "maxLength": _LONGEST, "pattern": "^[!-~]([ -~]*[!-~])?$"},
        "description": "Your own name for this request, such as a random UUID: sent again, it gets the same answer",
    }


KEY_NEEDED: Final[dict[str, Any]] = {"parameters": [_parameter(required=True)]}
KEY_TAKEN: Final[dict[str, Any]] = {"parameters": [_parameter(required=False)]}
IF_MATCH_AND_KEY: Final[dict[str, Any]] = {"parameters": [*IF_MATCH["parameters"], *KEY_TAKEN["parameters"]]}
"""For a route's `openapi_extra`, where a key is needed or taken."""


async def given_key(request: Request) -> str | None:
    """The key of a request, None without one. Raises 400 for what is no key, 422 for a personal identity code."""
    given = [key.strip() for key in request.headers.getlist(HEADER)]
    for key in given:
        refuse_unstorable({HEADER: key})
    if not given:
        return None
    if len(given) > 1 or not 0 < len(given[0]) <= _LONGEST or not given[0].isascii() or not given[0].isprintable():
        detail = f"An {HEADER} has 1 to {_LONGEST} printable ASCII characters, and a request has one at most."
        raise malformed(detail, name="idempotency-key-invalid")
    return given[0]


async def needed_key(request: Request) -> str:
    """The key of a request that needs one. Raises 400 without, else as `given_key`."""
    key = await given_key(request)
    if key is None:
        detail = f"Send an `{HEADER}` header, such as a random UUID, so that a repeated request creates nothing twice."
        raise malformed(detail, name="idempotency-key-missing")
    return key


class Claimed(Protocol):
    """A claimed key. `answer` is what was kept of the request that it was used for before, None for a fresh key."""

    @property
    def answer(self) -> bytes | None: ...


@dataclass(frozen=True)
class Done(Generic[AnswerT]):
    """What was carried out: at least the answer to it."""

    answer: AnswerT


ClaimedT = TypeVar("ClaimedT", bound=Claimed)
DoneT = TypeVar("DoneT", bound=Done[Any])


@dataclass(frozen=True)
class Keeping(Generic[ClaimedT, DoneT]):
    """How a service keeps answers: `claim` claims the key of a request.

    `open` gives the JSON of the answer that was kept. `keep` keeps what was done, in the transaction of it.
    """

    claim: Callable[[], Awaitable[ClaimedT]]
    open: Callable[[ClaimedT], Awaitable[Any]]
    keep: Callable[[ClaimedT, DoneT], Awaitable[None]]


async def carry_out_once(
    response: Response,
    keeping: Keeping[ClaimedT, DoneT] | None,
    model: type[AnswerT],
    do: Callable[[], Awaitable[DoneT]],
) -> AnswerT:
    """Carry out a request, unless it was carried out before under its key: then the answer of then, which says so.

    Without `keeping`, as for a request that has no key, it is carried out each time.
    """
    if keeping is None:
        answer = (await do()).answer
    else:
        claimed = await keeping.claim()
        if claimed.answer is not None:
            response.headers[REPLAYED] = "true"
            return model.model_validate(await keeping.open(claimed))
        done = await do()
        await keeping.keep(claimed, done)
        answer = done.answer
    assert isinstance(answer, model), "what was done is answered in the form that its answer is kept in"
    return answer


def address_of(request: Request) -> str:
    """What the request is sent to: the same key for another address is another request."""
    return f"{request.method} {route_path(request.scope)}"
