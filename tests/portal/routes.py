"""The routes of the portal, each with who may see it."""

from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from services.portal.pages.access import Access
from shared.web.health import HEALTH_PATHS
from tests.platform import Platform


def portal_routes(platform: Platform) -> Iterator[tuple[str, str, Access | None]]:
    """Method, path and access of every route; health aside, which is no page."""
    for context in iter_route_contexts(platform.apps["portal"].routes):
        route = context.route if hasattr(context, "route") else context
        assert isinstance(route, APIRoute)
        path = context.path_format
        if path is None or path in HEALTH_PATHS:
            continue
        found = [each for each in _calls(route.dependant) if isinstance(each, Access)]
        assert len(found) <= 1, f"{path} has more than one Access"
        for method in sorted(route.methods or set()):
            yield method, path, found[0] if found else None


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from _calls(each)
