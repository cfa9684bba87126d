"""The supervisor of the platform under test: what it starts is watched, and what happens to it is written down."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from luotsi.platform.data_dir import DataDir
from luotsi.platform.process import ProcessSpec
from luotsi.platform.supervisor import Child, Supervisor
from shared.services import SERVICES
from tests.faults.proxy import Proxy

WORKERS = tuple(f"{service.name}-worker" for service in SERVICES if "worker" in service.processes)
WEBS = tuple(f"{service.name}-web" for service in SERVICES if "web" in service.processes)
FORMER = "former"
"""The variant whose code is that of the version before this one."""
WAL_SIZE = "128MB"
"""So that the databases of a long run stay within the small file system that they lie on."""


class Hands(Supervisor):
    """A supervisor that starts service processes under watch, and behind the proxies."""

    def __init__(self, data: DataDir, lock: int, folder: Path, smtp_url: str, smtp_ca: Path) -> None:
        super().__init__(data, lock)
        self._environment = {"FAULTS": str(folder), "MAIL_FROM": "luotsi@kuopio.example"}
        self._environment["SMTP_CA_FILE"] = str(smtp_ca)
        self._environment |= {"ACCOUNT_REQUESTS_PER_MINUTE": "100000", "ADDRESS_REQUESTS_PER_MINUTE": "100000"}
        self._smtp_url = smtp_url
        self.mail_as_files = False
        self.specs: dict[str, ProcessSpec] = {}
        self.children: dict[str, Child] = {}
        self.through: dict[str, Proxy] = {}
        self.own_wires: dict[str, dict[str, Proxy]] = {}
        """Processes with proxies of their own."""
        self.variants: dict[str, str] = {}
        self.postgres_options: tuple[str, ...] = ()
        self.postgres_environment: dict[str, str] = {}
        self.former_tree = folder / FORMER
        self.before_start: dict[str, Callable[[], None]] = {}
        self.starts = 0
        self.disturbed: list[tuple[float, str]] = []
        """When something was done that may be the cause of a repetition, and to what: a process, or a kind of fault."""

    def note(self, what: str) -> None:
        """Write down that now something happens to `what`."""
        self.disturbed.append((time.time(), what))

    async def stop(self, names: Iterable[str], *, grace: float) -> None:
        """Stop processes, as the supervisor does."""
        names = list(names)
        for name in names:
            self.note(name)
        await super().stop(names, grace=grace)
        for name in names:
            self.note(name)

    async def launch(self, spec: ProcessSpec) -> Child:
        """Start a process as the platform wants it, but for what the rig puts in between."""
        self.specs[spec.name] = spec
        if spec.argv[-1].startswith("services."):
            spec = self._under_watch(spec)
        elif spec.name == "postgres":
            options = ["-c", f"max_wal_size={WAL_SIZE}", *self.postgres_options]
            spec = replace(spec, argv=[*spec.argv, *options], env={**spec.env, **self.postgres_environment})
        if ready := self.before_start.pop(spec.name, None):
            ready()
        self.starts += 1
        if spec.name in (*WORKERS, *WEBS):  # again, for it had ended; a further worker comes anew
            self.note(spec.name)
        child = await super().launch(spec)
        self.children[spec.name] = child
        return child

    def _under_watch(self, spec: ProcessSpec) -> ProcessSpec:
        python, dash_m, module = spec.argv
        urls = {}
        for kind, name in (("postgres", "DATABASE_URL"), ("valkey", "REDIS_URL")):
            url = spec.env[name]
            port = self.own_wires.get(spec.name, self.through)[kind].port
            urls[name] = url.replace(f":{urlsplit(url).port}/", f":{port}/")
        variant = self.variants.get(spec.name, "")
        if variant == FORMER:  # its own code, and its own rig's wrapper around it
            spec, variant = replace(spec, cwd=self.former_tree), ""
        own = {"PROCESS": spec.name, "VARIANT": variant}
        own["SMTP_URL"] = "" if self.mail_as_files else self._smtp_url
        argv = [python, dash_m, "tests.faults.process", module]
        return replace(spec, argv=argv, forked=False, env={**spec.env, **self._environment, **urls, **own})

    def signal(self, name: str, what: int) -> None:
        """Send a signal to a process, should it be there; to the process alone, not to what it started."""
        self.note(f"{name} {signal.Signals(what).name}")
        with contextlib.suppress(ProcessLookupError):
            if (child := self.children[name]).poll() is None:
                os.kill(child.pid, what)

    def running(self, name: str) -> bool:
        """Whether the process is there at this moment."""
        return name in self.children and self.children[name].poll() is None
