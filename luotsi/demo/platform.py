"""Where the demo is played: on a fresh platform of its own, or on one that runs behind an address."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from signal import SIGTERM
from typing import Any

from luotsi.platform.data_dir import read_json, temporary_data
from luotsi.platform.process import PlatformError, ProcessSpec, spawn, stop
from luotsi.platform.process_specs import free_port_base
from luotsi.platform.target import Target, find_target, whole_environment
from shared.services import SERVICES

_SOURCES = Path(__file__).resolve().parents[2]
_START_PATIENCE = 120.0
_STOP_GRACE = 15.0
# Variables that would make the demo's own platform use servers or keys of another one, or send real mail.
_NOT_INHERITED = ("DATABASE_URL", "REDIS_URL", "_EPOCH", "SMTP_URL", "MAIL_DIR", "MAIL_FROM", "SIGNING_KEY", "ISSUER")


@dataclass(frozen=True)
class DemoPlatform:
    """A running platform: base addresses of its services, its keys, and the folder its mail falls into.

    `mail_dir` is None where mail leaves for a mail server. `own` is True for a platform made for this demo,
    on which nothing happens but the story; `start_seconds` is how long that took to start. `clock_file` is None where
    the clock can't be set.
    """

    urls: Mapping[str, str]
    target: Target
    mail_dir: Path | None
    own: bool
    start_seconds: float | None = None
    clock_file: Path | None = None

    def set_clock(self, ahead: timedelta) -> None:
        """Set the clock of its referral service ahead of the real one."""
        assert self.clock_file is not None
        self.clock_file.write_text(str(ahead.total_seconds()))


def behind(edge: str, environment: Mapping[str, str] = os.environ) -> DemoPlatform:
    """The platform behind an edge such as http://localhost:8080; keys, database and MAIL_DIR by `environment`."""
    base = edge.rstrip("/")
    mail_dir = None if environment.get("SMTP_URL") else environment.get("MAIL_DIR")
    urls = {service.name: f"{base}{service.prefix}" for service in SERVICES}
    return DemoPlatform(urls, find_target(environment=environment), Path(mail_dir) if mail_dir else None, own=False)


@asynccontextmanager
async def own_platform(sources: Path = _SOURCES, /, **settings: str) -> AsyncIterator[DemoPlatform]:
    """A platform in a temporary directory, run by `luotsi up`; stopped and removed at the end.

    `sources` is the checkout whose code runs. `settings`, by the names of their variables, go before those of the
    environment. Raises PlatformError, with the last lines it wrote, when it does not start.
    """
    with temporary_data() as folder:
        begun = time.monotonic()
        base = free_port_base()
        arguments = ["up", "--json", "--data", str(folder), "--port-base", str(base)]
        spec = ProcessSpec(
            name="luotsi up",
            argv=[sys.executable, "-m", "luotsi", *arguments],
            env={**_own_environment(), **settings, "CLOCK_FILE": str(folder / "clock")},
            cwd=sources,
            death_signal=SIGTERM,  # so that it goes in good order when the demo is killed
        )
        log = folder / "up.log"
        child = spawn(spec, log)
        try:
            while not (facts := read_json(folder / "platform.json")):
                if child.poll() is not None or time.monotonic() - begun > _START_PATIENCE:
                    raise PlatformError(f"the platform for the demo did not start:\n{_end_of(log)}")
                await asyncio.sleep(0.02)
            yield _demo_platform(folder, facts, time.monotonic() - begun)
        finally:
            await asyncio.to_thread(stop, child, grace=_STOP_GRACE)


def _own_environment() -> dict[str, str]:
    return {name: value for name, value in whole_environment().items() if not name.endswith(_NOT_INHERITED)}


def _demo_platform(folder: Path, facts: dict[str, Any], start_seconds: float) -> DemoPlatform:
    urls = {service.name: facts[service.name] for service in SERVICES}
    return DemoPlatform(
        urls,
        Target(folder, {}, facts),
        Path(facts["mail_dir"]),
        own=True,
        start_seconds=start_seconds,
        clock_file=folder / "clock",
    )


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
