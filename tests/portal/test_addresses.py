"""Addresses mean one thing: what people choose as a name is never mistaken for a page of its own."""

from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from tests.platform import Platform

FORMER = {"/sign-in/provider/{slug}"}
"""Kept for old links: nothing leads there any more"""


async def test_no_name_that_people_choose_leads_to_another_page(platform: Platform) -> None:
    """Where an address has an id or a slug, a fixed word may stand beside it only if the id cannot be that word."""
    clashes = set()
    for app in platform.apps.values():
        routes = [
            (context.path_format, getattr(context, "route", context))
            for context in iter_route_contexts(app.routes)
            if context.path_format
        ]
        for path, route in routes:
            assert path is not None
            clashes |= {
                path for other, _ in routes if other != path and _could_be(path, str(other), _chosen_by_people(route))
            }
    assert clashes - FORMER == set()
    assert clashes >= FORMER, "it is looked for"


def _chosen_by_people(route: object) -> set[str]:
    """The parameters of a path that may be slugs; ids are made by the platform."""
    return set(_texts(route.dependant)) if isinstance(route, APIRoute) else set()


def _texts(dependant: Dependant) -> Iterator[str]:
    for each in dependant.path_params:
        if each.field_info.annotation is str and not each.alias.endswith("_id"):
            yield f"{{{each.alias}}}"
    for further in dependant.dependencies:
        yield from _texts(further)


def _could_be(path: str, other: str, chosen: set[str]) -> bool:
    """Whether an address of `path` could be `other`, which is a fixed word in its place."""
    pairs = list(zip(path.split("/"), other.split("/"), strict=False))
    if path.count("/") != other.count("/"):
        return False
    differing = [(mine, its) for mine, its in pairs if mine != its]
    return bool(differing) and all(mine in chosen and not its.startswith("{") for mine, its in differing)
