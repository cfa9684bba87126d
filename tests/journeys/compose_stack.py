"""The platform in containers under a name, a port and secrets of its own, driven through `docker compose`."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from luotsi.commands.env import EXAMPLE, write_env

ROOT = Path(__file__).resolve().parents[2]
_NAME = re.compile(r"^([A-Z_]+)=(.*)$", re.MULTILINE)


class Stack:
    """One compose project. Nothing of it is left after `remove`.

    `overlays` are files that are laid over the compose file.
    """

    def __init__(self, *overlays: str) -> None:
        self.project = f"luotsi-test-{os.getpid()}"
        self.image = f"{self.project}:test"
        self.port = _free_port()
        self.url = f"http://localhost:{self.port}"
        self.folder = Path(tempfile.mkdtemp(prefix="luotsi-compose-"))
        self.env_file = self.folder / "env"
        write_env(self.env_file)
        self.settle(LUOTSI_PORT=str(self.port), PUBLIC_URL=self.url, ISSUER=self.url, LUOTSI_IMAGE=self.image)
        if overlays:
            with self.env_file.open("a", encoding="utf-8") as env:
                env.write(f"COMPOSE_FILE={':'.join(['docker-compose.yml', *overlays])}\n")
        self.secrets = dict(_NAME.findall(self.env_file.read_text(encoding="utf-8")))

    def settle(self, **values: str) -> None:
        """Set variables of its `.env`, which hold from the next `up` on."""
        text = self.env_file.read_text(encoding="utf-8")
        for name, value in values.items():
            text = re.sub(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        self.env_file.write_text(text, encoding="utf-8")

    def compose(
        self,
        *arguments: str,
        check: bool = True,
        seconds: float = 300,
        env_file: Path | None = None,
        piped: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """`docker compose …` on this project, given what is `piped`. If it fails, so does the test, and says why."""
        command = ["docker", "compose", "-p", self.project, "--env-file", str(env_file or self.env_file), *arguments]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=_environment(),
            input=piped,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"docker compose {' '.join(arguments)}:\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}")
        return done

    def up(self, *arguments: str, profile: str | None = None) -> None:
        """Bring the platform up and wait until all of it is healthy."""
        chosen = ["--profile", profile] if profile else []
        try:
            self.compose(*chosen, "up", "--wait", *arguments, seconds=600)
        except AssertionError as error:
            logs = self.compose(*chosen, "logs", "--no-color", "--tail", "40", check=False).stdout
            raise AssertionError(f"{error}\n{logs}") from None

    def roll(self, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`deploy/roll` on this project: each process is replaced while the others go on."""
        with self.rolling() as process:
            try:
                out, errors = process.communicate(timeout=900)
            finally:
                process.kill()
        assert not check or process.returncode == 0, f"{out[-3000:]}\n{errors[-6000:]}"
        return subprocess.CompletedProcess(process.args, process.returncode, out, errors)

    def rolling(self) -> "subprocess.Popen[str]":
        """`deploy/roll` while it is at work."""
        command = [str(ROOT / "deploy" / "roll"), "-p", self.project, "--env-file", str(self.env_file)]
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        return subprocess.Popen(command, env=_environment(), stdin=nothing, stdout=pipe, stderr=pipe, text=True)

    def token(self, email: str) -> str:
        """An access token that speaks for the member with that address."""
        return self.compose("run", "--rm", "-T", "cli", "token", email).stdout.strip()

    def inside(self, container: str, script: str, check: bool = True) -> str:
        """What a shell inside the (first) container of that service prints, errors included."""
        return self.compose("exec", "-T", container, "sh", "-c", f"{{ {script}; }} 2>&1", check=check).stdout.strip()

    def redis(self, user: str, *command: str) -> str:
        """What Redis answers that user."""
        script = f"redis-cli --user {user} --no-auth-warning {' '.join(command)}"
        password = self.secrets[f"{user.upper()}_REDIS_PASSWORD"]
        done = self.compose("exec", "-T", "-e", f"REDISCLI_AUTH={password}", "redis", "sh", "-c", script)
        return done.stdout.strip()

    def containers(self) -> dict[str, list[dict[str, Any]]]:
        """Service → what the engine knows about each of its containers; those that go meanwhile are left out."""
        # Not by compose, whose list fails where one of them has gone while it is made.
        ids = _docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={self.project}").split()
        found: dict[str, list[dict[str, Any]]] = {}
        for known in json.loads(_docker("inspect", *ids, check=False)):
            found.setdefault(known["Config"]["Labels"]["com.docker.compose.service"], []).append(known)
        return found

    def gateway(self, network: str) -> str:
        """Under which address containers of that network reach this machine."""
        found = json.loads(_docker("network", "inspect", f"{self.project}_{network}"))
        return str(found[0]["IPAM"]["Config"][0]["Gateway"])

    def lose_data(self) -> None:
        """Stop all of it, and lose databases and streams, as with a machine; backups lie elsewhere."""
        self.compose("--profile", "*", "down", "--remove-orphans", "-t", "5")
        volumes = [f"{self.project}_{name}" for name in ("postgres", "postgres-run", "redis")]
        subprocess.run(["docker", "volume", "rm", *volumes], capture_output=True, check=True)

    def remove(self) -> None:
        """Take everything away: containers, networks, volumes, the image and the secrets."""
        self.compose("--profile", "*", "down", "-v", "--remove-orphans", "-t", "5", check=False)
        subprocess.run(["docker", "image", "rm", "-f", self.image], capture_output=True, check=False)
        shutil.rmtree(self.folder)


def require_engine() -> None:
    """Fail, rather than skip, where these tests cannot run: their absence must be seen."""
    try:
        _docker("info")
        _docker("compose", "version")
    except (OSError, subprocess.CalledProcessError) as error:
        raise AssertionError(f"these tests need a running Docker engine with `docker compose`: {error}") from error


def wait_until(true: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait for a condition; fail with `what` was awaited."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.5)


def _environment() -> dict[str, str]:
    # What the shell exports would overrule the file.
    named = {name for name, _ in _NAME.findall(EXAMPLE.read_text(encoding="utf-8"))}
    return {name: value for name, value in os.environ.items() if name not in named}


def _docker(*arguments: str, check: bool = True) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=check, timeout=60).stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
