"""A long list, a page at a time: which rows, and the addresses of the first and the next page."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Query

SIZE: Final = 50
Number = Annotated[int, Query(alias="page", ge=1, le=100_000)]


def page_of(rows: Sequence[dict[str, Any]], number: int) -> tuple[Sequence[dict[str, Any]], bool]:
    """The rows of the page with that number, and whether it is the last one."""
    return rows[(number - 1) * SIZE : number * SIZE], number * SIZE >= len(rows)


def page_links(path: str, query: Mapping[str, str], number: int, *, last: bool) -> dict[str, str | None]:
    """The addresses that `pagination` shows; `query` is what else the address asks for."""

    def address(of: int) -> str:
        return f"{path}?" + urlencode({**{name: value for name, value in query.items() if value}, "page": of})

    return {"first": address(1) if number > 1 else None, "next": None if last else address(number + 1)}
