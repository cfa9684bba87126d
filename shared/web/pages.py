"""Keyset pages: newest first by id (UUIDv7), continued after the last id seen, unmoved by what comes in."""

from collections.abc import Sequence
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import Depends, Query, Request

from shared.keyset import Keyset
from shared.web.http_methods import route_path


class HasId(Protocol):
    """Whatever has an id to continue after."""

    @property
    def id(self) -> UUID: ...


async def keyset(
    after: Annotated[UUID | None, Query(description="Continue after this id")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Keyset:
    """The page that the query asks for."""
    return Keyset(after=after, limit=limit)


PageOf = Annotated[Keyset, Depends(keyset)]


def next_link(request: Request, page: Keyset, found: Sequence[HasId]) -> str | None:
    """The address of the page after `found`, or None at the end.

    Ask the database for `page.limit + 1` rows and pass them all: the extra one says that there is more.
    """
    if len(found) <= page.limit:
        return None
    query = request.url.include_query_params(after=str(found[page.limit - 1].id)).query
    return f"{request.scope.get('root_path', '')}{route_path(request.scope)}?{query}"
