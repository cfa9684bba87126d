"""Fixtures of the tests of backups."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.backups.backed_up import BackedUp, forget_epochs
from tests.platform import Platform


@pytest.fixture
def backed_up(platform: Platform, tmp_path: Path) -> BackedUp:
    """The empty platform, with a directory for its backups."""
    return BackedUp(platform, tmp_path)


@pytest_asyncio.fixture
async def losable(backed_up: BackedUp) -> AsyncIterator[BackedUp]:
    """The same, of which a test may lose databases."""
    try:
        yield backed_up
    finally:
        await forget_epochs(backed_up.platform)
