"""Routes that refuse what they do not know: every router of an API is a `Router` of this module."""

import functools
import inspect
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic.fields import FieldInfo

from shared.problems import invalid

GIVEN_QUERY: Final = "luotsi.query"
"""In a request's scope: the query as it was sent, before parameters without a value were taken out."""

_CHECK: Final = "query_is_known"
_LONGEST_NAME: Final = 50


class Route(APIRoute):
    """A route whose query parameters are all there are: others are refused, and one that is given twice for no list.

    As a query is looked at when everything else was found in order, 401, 404 and 403 come first.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, _checked(endpoint, self._check), **options)
        self._single = {alias: not _is_list(field) for alias, field in _query_parameters(self.dependant)}

    async def _check(self, request: Request) -> None:
        query = request.scope.get(GIVEN_QUERY, request.scope["query_string"])
        names = Counter(name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True))
        known = ", ".join(sorted(self._single)) or "none"
        errors = []
        for name, times in names.items():
            if name not in self._single:
                errors.append({"field": f"query.{_shown(name)}", "message": f"unknown here; known are: {known}"})
            elif self._single[name] and times > 1:
                errors.append({"field": f"query.{name}", "message": "given more than once; give it once"})
        if errors:
            raise invalid("Correct the parameters named under `errors`.", errors)


class Router(APIRouter):
    """A router of `Route`s."""

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=Route, **options)


def _checked(endpoint: Callable[..., Any], check: Callable[[Request], Awaitable[None]]) -> Callable[..., Any]:
    """The endpoint, depending on `check` when all else that it depends on was had: FastAPI's own come first."""
    signature = inspect.signature(endpoint, eval_str=True)
    last = inspect.Parameter(_CHECK, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[None, Depends(check)])

    @functools.wraps(endpoint)
    def checked(**arguments: Any) -> Any:
        del arguments[_CHECK]
        return endpoint(**arguments)

    whole = signature.replace(parameters=[*signature.parameters.values(), last])
    checked.__signature__ = whole  # type: ignore[attr-defined]
    return checked


def _query_parameters(dependant: Dependant) -> Iterator[tuple[str, FieldInfo]]:
    """The query parameters of a route and of all that it depends on, by the names that callers give."""
    for field in dependant.query_params:
        yield field.alias, field.field_info
    for each in dependant.dependencies:
        yield from _query_parameters(each)


def _is_list(field: FieldInfo) -> bool:
    return "list[" in str(field.annotation)


def _shown(name: str) -> str:
    """A name as it was given, as far as it can be shown in one line."""
    return "".join(each if each.isprintable() else "?" for each in name[:_LONGEST_NAME])
