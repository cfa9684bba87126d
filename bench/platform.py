"""The whole embedded platform: how long it takes to be ready, and how much memory it holds."""

from dataclasses import dataclass
from typing import Final

import psutil

from luotsi.demo.platform import DemoPlatform, own_platform

MIB = 1024 * 1024
UNLIMITED: Final = {"ACCOUNT_REQUESTS_PER_MINUTE": "1000000", "ADDRESS_REQUESTS_PER_MINUTE": "1000000"}
"""Settings of a platform that is asked more than people ask: no limit is to be measured"""


@dataclass(frozen=True)
class Memory:
    """MiB over all processes of the platform. PSS counts a shared page once, RSS for everyone who maps it."""

    pss: float
    rss: float
    processes: int


def memory_of(platform: DemoPlatform) -> Memory:
    """What the platform's processes hold now: `luotsi up`, its services and workers, PostgreSQL, Valkey."""
    root = psutil.Process(platform.target.platform["pid"])
    found = []
    for process in [root, *root.children(recursive=True)]:
        try:
            found.append(process.memory_full_info())
        except psutil.NoSuchProcess:  # a connection's process that has just ended
            continue
    return Memory(sum(each.pss for each in found) / MIB, sum(each.rss for each in found) / MIB, len(found))


async def start_once() -> tuple[float, Memory]:
    """Start a platform from an empty directory; seconds until ready, and its memory right then."""
    async with own_platform() as platform:
        assert platform.start_seconds is not None
        return platform.start_seconds, memory_of(platform)
