"""The page about the catalogue is complete: it names every route, status, role, obstacle and event."""

from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from services.catalog.api import members, organizations, services
from services.catalog.domain.members import ROLES
from services.catalog.domain.organizations import ORGANIZATION_TYPES
from services.catalog.domain.services import CAPACITY_STATUSES, SERVICE_STATUSES, Situation, obstacles
from services.catalog.domain.target_groups import TARGET_GROUPS
from shared.events import catalog

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "catalogue.md").read_text("utf-8")
OBSTACLES = obstacles(Situation(False, "inactive", "no-capacity", closed_today=True, has_desk=False))


@pytest.mark.parametrize(
    "words", [SERVICE_STATUSES, CAPACITY_STATUSES, ORGANIZATION_TYPES, ROLES, OBSTACLES, TARGET_GROUPS, catalog.EVENTS]
)
def test_every_word_of_the_contract_is_explained(words: tuple[str, ...]) -> None:
    assert [word for word in words if f"`{word}`" not in PAGE] == []


@pytest.mark.parametrize("module", [organizations, services, members])
def test_every_route_is_named(module: object) -> None:
    routes = [route for route in module.router.routes if isinstance(route, APIRoute)]  # type: ignore[attr-defined]
    assert routes
    for route in routes:
        for method in route.methods or ():
            known = f"{method} {route.path}" in PAGE or f"· `{route.path}`" in PAGE
            assert known, f"{method} {route.path}"
