"""The fixture of the backbone's tests."""

from collections.abc import AsyncIterator

import pytest_asyncio

from luotsi.embedded.servers import Servers
from tests.events.backbone import Backbone


@pytest_asyncio.fixture(scope="package")
async def backbone_session(servers: Servers) -> AsyncIterator[Backbone]:
    """The two services' ends, kept for all tests of the backbone."""
    backbone = Backbone(servers)
    yield backbone
    await backbone.close()


@pytest_asyncio.fixture
async def backbone(backbone_session: Backbone) -> Backbone:
    """The backbone with nothing in it."""
    await backbone_session.empty()
    return backbone_session
