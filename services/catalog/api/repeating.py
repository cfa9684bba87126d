"""Requests that are carried out once under a key: the routes that create something are answered through here."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from services.catalog.api.dependencies import CatalogApp, WorkOf
from services.catalog.tables import IdempotencyKey
from services.catalog.use_cases.idempotency import claim_key, keep_answer, open_answer
from shared.web.base import state_of
from shared.web.idempotency import AnswerT, Done, Keeping, address_of, carry_out_once, given_key

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
        self._vault = state_of(request, CatalogApp).vault

    async def __call__(self, body: BaseModel, model: type[AnswerT], do: Callable[[], Awaitable[AnswerT]]) -> AnswerT:
        """What `do` answers; or the answer of then with its headers, which says so. Without a key, always `do`."""

        async def done() -> Done[AnswerT]:
            return Done(await do())

        keeping = None
        if self._key is not None:
            said = (address_of(self._request), body.model_dump_json(exclude_unset=True))
            claim = partial(claim_key, self._work, self._vault, self._key, *said)
            keeping = Keeping(claim, self._open, self._keep)
        return await carry_out_once(self._response, keeping, model, done)

    async def _open(self, claimed: IdempotencyKey) -> Any:
        kept = open_answer(self._vault, claimed)
        self._response.headers.update(kept["headers"])
        return kept["answer"]

    async def _keep(self, claimed: IdempotencyKey, done: Done[Any]) -> None:
        headers = {name: self._response.headers[name] for name in _KEPT if name in self._response.headers}
        kept = {"headers": headers, "answer": done.answer.model_dump(mode="json")}
        keep_answer(self._work, self._vault, claimed, kept)


OnceOf = Annotated[Once, Depends()]
