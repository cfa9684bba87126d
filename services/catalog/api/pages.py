"""Numbered pages of lists: which one is asked for, and how it is answered."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Response
from pydantic import BaseModel

from services.catalog.queries.pages import PageWanted
from services.catalog.schemas.pages import Page

ItemT = TypeVar("ItemT")


async def page_wanted(
    page: Annotated[int, Query(ge=1, le=1_000_000, description="Page number, from 1")] = 1,
    size: Annotated[int, Query(ge=1, le=100, description="Items per page")] = 50,
) -> PageWanted:
    """The page that the query asks for."""
    return PageWanted(page, size)


CountPageOf = Annotated[PageWanted, Depends(page_wanted)]


def make_page(wanted: PageWanted, contents: Sequence[ItemT], total: int) -> Page[ItemT]:
    """The page as it is answered; beyond the last one it is empty."""
    return Page(**page_fields(wanted, contents, total))


def page_fields(wanted: PageWanted, contents: Sequence[object], total: int) -> dict[str, Any]:
    """The fields of such a page."""
    pages = -(-total // wanted.size)
    return {
        "total_items": total,
        "total_pages": pages,
        "page_number": wanted.number,
        "size": len(contents),
        "first_page": wanted.number == 1,
        "last_page": wanted.number >= pages,
        "empty": not contents,
        "contents": contents,
    }


def as_json(answer: BaseModel, headed: Response) -> Response:
    """The answer as it is sent, with the headers of `headed`: for a route that answers models of several kinds.

    FastAPI would try one after the other on it.
    """
    return Response(answer.model_dump_json(by_alias=True), headers=dict(headed.headers), media_type="application/json")
