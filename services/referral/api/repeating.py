"""Requests that are carried out once under a key: the routes that create something are answered through here."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from services.referral.tables import IdempotencyKey
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.idempotency import claim_key, keep_answer, open_answer
from shared.web import idempotency
from shared.web.idempotency import AnswerT, Keeping, address_of, carry_out_once, given_key, needed_key

KeyOf = Annotated[str | None, Depends(given_key)]
NeededKeyOf = Annotated[str, Depends(needed_key)]


@dataclass(frozen=True)
class Done(idempotency.Done[AnswerT]):
    """What a request was answered, and what that is about: a client, and a referral that was created by it."""

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

    async def keep(claimed: IdempotencyKey, done: Done[AnswerT]) -> None:
        await keep_answer(work, claimed, done.answer.model_dump(mode="json"), done.client_id, done.created)

    key, said = asked
    keeping = (
        Keeping(partial(claim_key, work, key, *said), partial(open_answer, work), keep) if key is not None else None
    )
    return await carry_out_once(response, keeping, model, do)


def said_in(request: Request, body: BaseModel) -> tuple[str, ...]:
    """What makes two requests the same: where they are sent, and what is in them."""
    return (address_of(request), body.model_dump_json())
