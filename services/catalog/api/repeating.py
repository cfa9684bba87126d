"""Requests that are carried out once under a key: the routes that create something are answered through here."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from services.catalog.api.dependencies import CatalogApp, WorkOf
from services.catalog.use_cases.idempotency import claim_key, keep_answer, open_answer
from shared.web.base import state_of
from shared.web.idempotency import address_of, given_key, say_replayed

AnswerT = TypeVar("AnswerT", bound=BaseModel)

_KEPT = ("ETag", "Location", "Content-Language")


class Once:
    """Carries out a request, unless it was carried out before under its key."""

    def __init__(
        self, request: Request, response: Response, work: WorkOf, key: Annotated[str | None, Depends(given_key)]
    ) -> None:
        self._request = request
        self._response = response
        self._work = work
        self._key = key

    async def __call__(self, body: BaseModel, model: type[AnswerT], do: Callable[[], Awaitable[AnswerT]]) -> AnswerT:
        """What `do` answers; or the answer of then with its headers, which says so. Without a key, always `do`."""
        if self._key is None:
            return await do()
        vault = state_of(self._request, CatalogApp).vault
        claimed = await claim_key(
            self._work, vault, self._key, address_of(self._request), body.model_dump_json(exclude_unset=True)
        )
        if claimed.answer is not None:
            kept = open_answer(vault, claimed)
            self._response.headers.update(kept["headers"])
            say_replayed(self._response)
            return model.model_validate(kept["answer"])
        answer = await do()
        headers = {name: self._response.headers[name] for name in _KEPT if name in self._response.headers}
        keep_answer(self._work, vault, claimed, {"headers": headers, "answer": answer.model_dump(mode="json")})
        return answer


OnceOf = Annotated[Once, Depends()]
