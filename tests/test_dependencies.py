"""What routes depend on is had in the event loop: FastAPI hands a plain function to a thread, and waits for it."""

import inspect
from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from services.portal.main import create_app
from services.portal.settings import PortalSettings
from tests.test_docs import COMMON, KEY, applications


def portal() -> FastAPI:
    apis = {f"{service}_url": "http://127.0.0.1:1" for service in ("catalog", "referral", "notifications")}
    return create_app(
        PortalSettings.model_validate({**COMMON, **apis, "portal_key": KEY, "signing_key": "signing.json"})
    )


def depended_on(dependant: Dependant) -> Iterator[Callable[..., object] | None]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from depended_on(each)


def is_awaited(call: Callable[..., object]) -> bool:
    call = inspect.unwrap(call)
    found = [call, getattr(call, "__call__", None)]  # noqa: B004 - an object that is called as a function is
    return any(inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each) for each in found)


@pytest.mark.parametrize("service", ["Catalogue", "Referral", "Notifications", "Portal"])
def test_no_dependency_of_a_route_takes_a_thread(service: str) -> None:
    app = portal() if service == "Portal" else applications()[service]
    calls = {
        call
        for route in iter_route_contexts(app.routes)
        if getattr(route, "dependant", None) is not None
        for call in depended_on(route.dependant)
    }
    assert len(calls) > 1
    assert {call for call in calls if call is not None and not is_awaited(call)} == set(), "make it `async def`"
