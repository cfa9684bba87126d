"""The referral service does not start with keys that open nobody's data, and says what to do."""

import asyncio
import base64
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from luotsi.embedded.servers import Servers
from luotsi.platform.data_dir import DataDir, is_free
from luotsi.platform.process_specs import Addresses, service_specs
from services.referral.settings import vault_of
from services.referral.use_cases.key_check import opens_some
from shared.services import get_service, service_names
from tests.builders import small_town
from tests.platform import Platform
from tests.referring import sent_referral

OTHER = base64.urlsafe_b64encode(bytes(range(32))).decode()
MODULES = ("services.referral.main", "services.referral.worker")


def written(key: Any) -> str:
    return base64.urlsafe_b64encode(key.get_secret_value()).decode()


def environment(platform: Platform, **changes: str) -> dict[str, str]:
    own: Any = platform.settings["referral"]
    needed = {
        "DATABASE_URL": own.database_url.get_secret_value(),
        "REDIS_URL": own.redis_url.get_secret_value(),
        "JWKS": own.jwks,
        "PORT": str(next(port for port in range(21000, 30000) if is_free(port))),
        "MASTER_KEY": written(own.master_key),
        "INDEX_KEY": written(own.index_key),
        "AUDIT_KEY": written(own.audit_key),
    }
    return {**os.environ, **needed, **changes}


@contextmanager
def process(module: str, env: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    running = subprocess.Popen([sys.executable, "-m", module], env=env, stderr=subprocess.PIPE, text=True)
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def at_work(running: subprocess.Popen[str], env: Mapping[str, str]) -> bool:
    """Wait until the process serves, or has ended; whether it serves."""
    heartbeat = env.get("HEARTBEAT_FILE")
    while running.poll() is None:
        if heartbeat and Path(heartbeat).exists():
            return True
        if not heartbeat and not is_free(int(env["PORT"])):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("module", MODULES)
async def test_keys_that_open_nothing_end_the_process(platform: Platform, module: str) -> None:
    await sent_referral(platform, await small_town(platform))
    for changes in ({"MASTER_KEY": OTHER}, {"MASTER_KEY": OTHER, "MASTER_KEY_PREVIOUS": OTHER}):
        with process(module, environment(platform, **changes)) as running:
            _, said = await asyncio.to_thread(running.communicate, timeout=60)
        assert running.returncode == 2
        assert "MASTER_KEY opens the key of no client in this database" in said
        assert "Take the MASTER_KEY that it was from your copy" in said
        assert OTHER not in said


@pytest.mark.parametrize("module", MODULES)
async def test_a_former_key_opens_while_keys_are_being_changed(platform: Platform, module: str, tmp_path: Path) -> None:
    await sent_referral(platform, await small_town(platform))
    before = environment(platform)
    changes = {"MASTER_KEY": OTHER, "MASTER_KEY_PREVIOUS": before["MASTER_KEY"]}
    if module.endswith("worker"):
        changes["HEARTBEAT_FILE"] = str(tmp_path / "heartbeat")
    env = environment(platform, **changes)
    async with asyncio.timeout(60):
        with process(module, env) as running:
            assert await asyncio.to_thread(at_work, running, env)


async def test_what_is_empty_is_opened_by_any_key(platform: Platform) -> None:
    env = environment(platform, MASTER_KEY=OTHER)
    async with asyncio.timeout(60):
        with process(MODULES[0], env) as running:
            assert await asyncio.to_thread(at_work, running, env)


@pytest.mark.parametrize("module", MODULES)
async def test_only_the_worker_needs_the_key_of_the_seals(platform: Platform, module: str) -> None:
    env = environment(platform, AUDIT_KEY="")
    async with asyncio.timeout(60):
        with process(module, env) as running:
            if module.endswith("main"):
                assert await asyncio.to_thread(at_work, running, env)
            else:
                _, said = await asyncio.to_thread(running.communicate, timeout=60)
                assert (running.returncode, said[:10]) == (2, "AUDIT_KEY:")


def test_the_web_process_is_not_given_the_key_of_the_seals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_KEY", OTHER)
    monkeypatch.setenv("AUDIT_KEY_PREVIOUS", OTHER)
    urls = {name: f"postgresql://{name}" for name in service_names()}
    addresses = Addresses(8000, urls, urls, urls)
    web, worker = service_specs(get_service("referral"), DataDir(tmp_path), addresses)
    assert [name for name in web.env if name.startswith("AUDIT_KEY")] == []
    assert worker.env["AUDIT_KEY"] not in ("", OTHER)
    assert web.env["MASTER_KEY"] == worker.env["MASTER_KEY"]
    others = service_specs(get_service("catalog"), DataDir(tmp_path), addresses)
    assert not [name for spec in others for name in spec.env if name.endswith("_KEY")]


async def test_one_of_many_keys_is_enough(platform: Platform) -> None:
    town = await small_town(platform)
    for _ in range(3):
        await sent_referral(platform, town)
    vault = vault_of(platform.settings["referral"])
    async with platform.databases["referral"].engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE client_keys SET wrapped = decode('00000000', 'hex') || wrapped"
            " WHERE client_id <> (SELECT max(client_id::text)::uuid FROM client_keys)"
        )
    async with platform.databases["referral"].reading() as reader:
        assert await opens_some(reader, vault)
    async with platform.databases["referral"].engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE client_keys SET wrapped = decode('00000000', 'hex') || wrapped")
    async with platform.databases["referral"].reading() as reader:
        assert not await opens_some(reader, vault)


async def test_keys_are_looked_at_once_the_database_is_back(platform: Platform, servers: Servers) -> None:
    await sent_referral(platform, await small_town(platform))
    env = environment(platform, MASTER_KEY=OTHER)
    servers.postgres.freeze()
    try:
        with process(MODULES[0], env) as running:
            async with asyncio.timeout(120):
                assert await asyncio.to_thread(at_work, running, env), (
                    "it serves, as while the database is away at any other time"
                )
                servers.postgres.thaw()
                _, said = await asyncio.to_thread(running.communicate, timeout=60)
            assert "MASTER_KEY opens the key of no client in this database" in said
    finally:
        servers.postgres.thaw()
