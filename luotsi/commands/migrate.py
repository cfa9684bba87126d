"""`luotsi migrate`: databases brought to the newest schema, after a backup where any changes."""

import asyncio
from collections.abc import Sequence

from luotsi.platform.migrating import migrate, standing
from luotsi.platform.process import PlatformError
from luotsi.platform.target import Target
from luotsi.upgrade.backup_first import back_up_before_changes
from shared.services import service_names


def run(target: Target, services: Sequence[str], *, backup: bool) -> None:
    """Migrate these services, and print what was done. PlatformError where one cannot be."""
    known = service_names()
    if unknown := set(services) - set(known):
        raise PlatformError(f"no such service: {', '.join(sorted(unknown))} (there are {', '.join(known)})")
    if backup and (made := back_up_before_changes(target, services)):
        print(f"backed up before anything changes: {made}")
    for service in services:
        for step in migrate(target, service):
            print(f"{service}: {step.revision} {step.about}: {step.seconds:.2f} s")
        newer = asyncio.run(standing(target, service)).is_newer
        print(f"{service}: {'of a newer version, with which this one runs: left as it is' if newer else 'up to date'}")
