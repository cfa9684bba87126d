"""What an operator does by hand: the command line on the platform under test, processes stopped and started."""

import asyncio
import os
import sys
from pathlib import Path

from luotsi.backup import sealing
from shared.services import SERVICES, service_names
from tests.faults.hands import WEBS, WORKERS
from tests.faults.lab import Lab


class Operator:
    """Has a place for backups and the identity that opens them; works past the proxies."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.identity = lab.folder / "identity.txt"
        secret, public = sealing.new_identity()
        self.identity.write_text(secret)
        target = lab.folder / "backups"
        target.mkdir()
        self._environment = {"BACKUP_TARGET": str(target), "BACKUP_RECIPIENTS": public}
        self._environment |= {f"{name.upper()}_DATABASE_URL": lab.target.database_url(name) for name in service_names()}
        self._environment |= {
            f"{name.upper()}_OWNER_DATABASE_URL": lab.target.owner_url(name) for name in service_names()
        }
        self._environment |= {"REDIS_URL": lab.target.redis_url}
        self._environment |= {name: f"{lab.data.secret(name.lower())}=" for each in SERVICES for name in each.secrets}

    async def luotsi(self, *arguments: str) -> str:
        """Run a command to its end; returns what it says. Raises RuntimeError when it fails."""
        command = [sys.executable, "-m", "luotsi", *arguments, "--data", str(self._lab.data.root)]
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, **self._environment, "COLUMNS": "200"},
            cwd=Path(__file__).parents[3],
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"luotsi {' '.join(arguments)} failed: {said.decode()[-2000:]}")
        return said.decode()

    async def stop(self, *services: str) -> list[str]:
        """Stop what works in the databases of these services; returns the names of the processes."""
        names = [name for name in (*WEBS, *WORKERS) if name.partition("-")[0] in services]
        await self._lab.hands.stop(names, grace=10)
        return names

    def start(self, names: list[str]) -> None:
        """Start them again."""
        for name in names:
            self._lab.hands.start(self._lab.hands.specs[name])
