"""Fixtures of the tests of backups."""

from pathlib import Path

import pytest

from tests.backups.backed_up import BackedUp
from tests.platform import Platform


@pytest.fixture
def backed_up(platform: Platform, tmp_path: Path) -> BackedUp:
    """The empty platform, with a directory for its backups."""
    return BackedUp(platform, tmp_path)
