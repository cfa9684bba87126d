"""`luotsi doctor` where the name of a server leads nowhere for a long time: the others are told of all the same."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from luotsi.commands.doctor import look_at_all
from luotsi.embedded.servers import Servers
from luotsi.platform.target import Target
from shared.services import SERVICES

KEY = "A" * 43 + "="


@pytest.fixture
def gone(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A name whose look-up takes as long as the test, as in containers when the one of that name is stopped."""
    look_up, over = socket.getaddrinfo, threading.Event()

    def slow(host: Any, *args: Any, **options: Any) -> Any:
        if host in ("gone", b"gone"):
            over.wait(60)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return look_up(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    letting_go = threading.Timer(8, over.set)  # after the doctor's patience; it waits for its threads at the end
    letting_go.start()
    yield "gone"
    over.set()
    letting_go.cancel()


def test_redis_is_told_of_while_the_databases_cannot_be_found(gone: str, servers: Servers, tmp_path: Path) -> None:
    environment = {
        "REDIS_URL": servers.redis_urls["operator"].replace("127.0.0.1", "localhost"),
        **dict.fromkeys(("MASTER_KEY", "INDEX_KEY", "AUDIT_KEY", "PORTAL_KEY"), KEY),
    }
    for service in SERVICES:
        for role in ("", "OWNER_"):
            environment[f"{service.name.upper()}_{role}DATABASE_URL"] = f"postgresql://x:y@{gone}:5432/{service.name}"
        environment[f"{service.name.upper()}_URL"] = f"http://{gone}:8000"
    found = {finding.piece: finding for finding in look_at_all(Target(tmp_path, environment, {}))}
    assert found["database catalog"].note == "does not answer"
    assert "append-only file" in found["redis"].note
