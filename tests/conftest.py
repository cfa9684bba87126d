"""Fixtures: real servers for the whole run, migrated once, emptied before each test that uses them."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from luotsi.embedded.servers import Server, Servers, start_servers
from shared.database.migrations import upgrade
from shared.services import service_names
from tests.kept_servers import kept_servers

pytest_plugins = ["tests.browsing_fixtures"]

if TYPE_CHECKING:
    from tests.platform import Platform

MOST_PROCESSES = 4


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--keep` makes the next run with it start sooner."""
    parser.addoption("--keep", action="store_true", help="keep the databases in .luotsi-test for the next run")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many processes `make test` divides files among. Each has servers of its own, but kept ones are one set."""
    return 1 if config.getoption("keep") else min(os.cpu_count() or 1, MOST_PROCESSES)


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """A PostgreSQL and a Valkey, each service's database at its newest schema."""
    kept = request.config.getoption("keep")
    with kept_servers() if kept else start_servers(tmp_path_factory.mktemp("servers"), durable=False) as running:
        for service in service_names():
            upgrade(service, running.owner_urls[service])
        yield running


@pytest.fixture
def mortal_valkey(servers: Servers) -> Iterator[Server]:
    """The Valkey, for a test that kills it: it is started again afterwards, whatever became of the test."""
    yield servers.valkey
    servers.valkey.start()
    servers.wait_ready()


@pytest_asyncio.fixture(scope="session")
async def platform_session(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator["Platform"]:
    """All services in this process, on the real servers."""
    from tests.platform import Platform  # noqa: PLC0415 - the services take a second to import

    data: Path = tmp_path_factory.mktemp("platform")
    platform = Platform(servers, data)
    yield platform
    await platform.close()


@pytest_asyncio.fixture
async def platform(platform_session: "Platform") -> "Platform":
    """The platform with nothing in it."""
    await platform_session.empty()
    return platform_session
