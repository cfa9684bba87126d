"""Where the wheels that bring PostgreSQL and Valkey were installed."""

import importlib.util
from pathlib import Path

from luotsi.platform.process import PlatformError


def package_folder(package: str) -> Path:
    """The folder of an installed package, found without importing it (and what it does on import)."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise PlatformError(
            f"the package {package} is not installed: install luotsi[embedded], "
            "or name servers of your own with DATABASE_URL and REDIS_URL"
        )
    return Path(spec.submodule_search_locations[0])
