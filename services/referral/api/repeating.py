"""Requests that are carried out once under a key: the routes that create something are answered through here."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.idempotency import claim_key, keep_answer, open_answer
from shared.web.idempotency import address_of, given_key, needed_key, say_replayed

AnswerT = TypeVar("AnswerT", bound=BaseModel)

KeyOf = Annotated[str | None, Depends(given_key)]
NeededKeyOf = Annotated[str, Depends(needed_key)]


@dataclass(frozen=True)
class Done(Generic[AnswerT]):
    """What a request was answered, and what that is about: a client, and a referral that was created by it."""

    answer: AnswerT
    client_id: UUID | None = None
    created: UUID | None = None


async def once(
    response: Response,
    work: ActorUnitOfWork,
    asked: tuple[str | None, tuple[str, ...]],
    model: type[AnswerT],
    do: Callable[[], Awaitable[Done[AnswerT]]],
) -> AnswerT:
    """Carry out a request, unless it was carried out before under its key: then the answer of then, which says so.

    `asked` is the key, None for what may be done again, and what makes two requests the same.
    """
    key, said = asked
    if key is None:
        return (await do()).answer
    claimed = await claim_key(work, key, *said)
    if claimed.answer is not None:
        say_replayed(response)
        return model.model_validate(await open_answer(work, claimed))
    done = await do()
    await keep_answer(work, claimed, done.answer.model_dump(mode="json"), done.client_id, done.created)
    return done.answer


def said_in(request: Request, body: BaseModel) -> tuple[str, ...]:
    """What makes two requests the same: where they are sent, and what is in them."""
    return (address_of(request), body.model_dump_json())
