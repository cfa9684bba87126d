"""Fixtures of tests in a browser: one platform of real processes and one browser for all, new windows for each."""

from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from luotsi.platform.data_dir import temporary_data
from luotsi.platform.process_specs import free_port_base
from tests.browser import Windows, find_browser, running_browser
from tests.journeys.running import Running

_FAILED = pytest.StashKey[bool]()
_UNLIMITED = {"ACCOUNT_REQUESTS_PER_MINUTE": "1000000", "ADDRESS_REQUESTS_PER_MINUTE": "1000000"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Look for the browser at once, if any of the tests that are to run needs one.

    Where several processes run them, `make test` has looked before it starts any: what one of them says here is lost.
    """
    if not hasattr(config, "workerinput") and any("browser" in getattr(item, "fixturenames", ()) for item in items):
        find_browser()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember which test failed, for a picture of its windows."""
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def running_portal() -> Iterator[Running]:
    """A whole platform as real processes, for all tests of the run: what one enters, the others see."""
    with temporary_data() as folder, Running(folder, free_port_base(), settings=_UNLIMITED) as platform:
        yield platform.ready()


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser, without a window yet."""
    async with running_browser() as found:
        yield found


@pytest_asyncio.fixture
async def windows(
    browser: Browser, running_portal: Running, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Windows]:
    """Windows on the running portal. Closed afterwards; no page may have gone wrong in a way that people do not see."""
    opened = Windows(browser, running_portal.facts["portal"])
    yield opened
    if request.node.stash.get(_FAILED, False):
        print("pictures of the windows:", *await opened.photograph(tmp_path))
    await opened.close()
    assert opened.complaints == []
