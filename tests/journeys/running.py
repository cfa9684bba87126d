"""`luotsi up` in a process of its own, and what its users do with it."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import psutil

from luotsi.platform.process import PlatformError
from luotsi.platform.target import find_target
from luotsi.platform.tokens import choose_member, sign_token

PATIENCE = 60.0
ADVISER = "adviser@navigaattori.example"
DESK = "desk@businesskuopio.example"


def eventually(look: Callable[[], Any], what: str) -> Any:
    """What `look` answers as soon as that is true."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := look()):
        assert time.monotonic() < deadline, f"in vain waited for: {what}"
        time.sleep(0.1)
    return answer


def living(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; a dead one that nobody has collected does not."""
    _, left = psutil.wait_procs(processes, timeout=0)
    return [process for process in left if process.status() != psutil.STATUS_ZOMBIE]


class Running:
    """One `luotsi up` in a session of its own, and what its users can do. Gone at the end of its `with` block.

    `sources` is the folder of the code that it runs, where that is another than this one.
    """

    def __init__(
        self, data: Path, base: int, settings: Mapping[str, str] | None = None, sources: Path | None = None
    ) -> None:
        self.data = data
        self.base = base
        command = [sys.executable, "-m", "luotsi", "up", "--json", "--data", str(data), "--port-base", str(base)]
        self.process = psutil.Popen(
            command,
            cwd=sources,
            env={**os.environ, **(settings or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.end()

    def ready(self) -> "Running":
        """Wait for the line that says so."""
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        self.facts = json.loads(line)
        return self

    def end(self) -> tuple[int, str]:
        """Wait for the end; returns the exit code and what was said on standard error."""
        _, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said

    def pid(self, name: str) -> int:
        """The process id of one piece."""
        return int(json.loads((self.data / "processes.json").read_text())[name])

    def children(self) -> list[psutil.Process]:
        """Every process below the supervisor."""
        return list(self.process.children(recursive=True))

    def client(self, service: str, email: str) -> httpx2.Client:
        """An HTTP client that acts as a member."""
        headers = {"Authorization": f"Bearer {eventually(lambda: self._token(email), 'a token')}"}
        return httpx2.Client(base_url=self.facts[service], headers=headers, timeout=20)

    def _token(self, email: str) -> str | None:
        target = find_target(self.data)
        try:
            member = asyncio.run(choose_member(target.database_url("catalog"), email, None))
        except PlatformError:  # its database is on its way back
            return None
        return sign_token(target.signing_key, target.issuer, member)

    def refer(self) -> str:
        """An adviser refers a client to Business Kuopio; returns the referral's id once the desk has its notice."""
        with self.client("referral", ADVISER) as adviser:
            referral = str(eventually(lambda: self._send(adviser), "an accepted referral")["id"])
        with self.client("notifications", DESK) as desk:
            eventually(lambda: referral in self._noticed(desk), "the desk's notice")
        return referral

    def _send(self, adviser: httpx2.Client) -> Any:
        body = {
            "service_id": self.service_of("business-kuopio"),
            "client": {"name": "A person from the corridor", "language": "en", "contact_via": "adviser"},
            "reason": "Wants to start a business.",
            "urgency": "routine",
            "legal_basis": {
                "kind": "consent",
                "consent": {"given_on": datetime.now(UTC).date().isoformat(), "how": "oral", "scope": "this referral"},
            },
            "send": True,
        }
        try:
            answer = adviser.post("/referrals", json=body, headers={"Idempotency-Key": str(uuid4())})
        except httpx2.HTTPError:
            return None
        if answer.status_code in (422, 503):  # the catalogue's facts, or a server, are still on their way
            return None
        assert answer.status_code == 201, answer.text
        return answer.json()

    def service_of(self, slug: str) -> str:
        """The id of a service that the organisation offers."""
        services = self.public("/services?size=100")
        return next(str(found["id"]) for found in services if found["organization"]["slug"] == slug)

    def public(self, path: str) -> list[Any]:
        """A page of the public catalogue."""
        return list(eventually(lambda: self._contents(path), path))

    def _contents(self, path: str) -> Any:
        try:
            answer = httpx2.get(self.facts["catalog"] + path, timeout=20)
        except httpx2.HTTPError:
            return None
        return answer.json()["contents"] if answer.status_code == 200 else None

    def _noticed(self, desk: httpx2.Client) -> set[str]:
        try:
            answer = desk.get("/notices")
        except httpx2.HTTPError:
            return set()
        return {notice["referral_id"] for notice in answer.json()["contents"]} if answer.status_code == 200 else set()
