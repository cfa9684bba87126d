"""Backups of a platform that goes on working: whole, sealed, verified, and refused where they are not."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from luotsi.backup import postgres_tools, sealing
from luotsi.backup.manifest import moment_of
from luotsi.commands import backup
from luotsi.platform.process import PlatformError
from luotsi.platform.process_specs import free_port_base
from shared.clock import utc_now
from tests.backups.backed_up import BackedUp
from tests.builders import small_town
from tests.referring import sent_referral

_EVENTS = "SELECT count(*) FROM outbox WHERE type <> 'referral.service_facts.v1'"
DATABASES = ["portal", "catalog", "referral", "notifications"]


async def test_a_backup_is_whole_and_opens_with_the_identity_alone(backed_up: BackedUp) -> None:
    town = await small_town(backed_up.platform)
    await sent_referral(backed_up.platform, town)
    await backed_up.platform.settle()
    name = await backed_up.make()
    files = sorted(path.name for path in (backed_up.target / "backups" / name).iterdir())
    assert files == sorted(["manifest.json", *(f"{database}.dump.age" for database in DATABASES)])
    assert "is whole; whether it opens takes --identity" in (await backed_up.luotsi("backup", "verify")).stdout
    opened = await backed_up.luotsi("backup", "verify", "--identity", str(backed_up.identity))
    assert [line.partition(":")[0] for line in opened.stdout.splitlines()[:-1]] == DATABASES
    for path in backed_up.target.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert path.stat().st_mode & 0o077 == 0
        assert town.desk.email.encode() not in content, "what lies in the target is sealed"
    manifest = json.loads((backed_up.target / "backups" / name / "manifest.json").read_text())
    taken = [part["taken_at"] for part in manifest["databases"].values()]
    assert len(set(taken)) == 4
    assert manifest["databases"]["referral"]["newest_event"] > 0
    assert len(manifest["databases"]["referral"]["master_keys"]) == 1
    assert name in (await backed_up.luotsi("backup", "list")).stdout


async def test_only_what_a_command_makes_is_private(backed_up: BackedUp) -> None:
    before = os.umask(0o022)
    try:
        await backed_up.make()
        await backed_up.luotsi("backup", "ledger")
        assert os.umask(0o022) == 0o022, "whatever the process makes afterwards is as before"
    finally:
        os.umask(before)
    made = [path for path in backed_up.target.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o077 for path in made} == {0}
    assert [path for path in made if "ledger" in str(path)]


async def test_the_ledger_misses_nothing_where_the_clock_of_the_databases_is_behind(
    backed_up: BackedUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "utc_now", lambda: utc_now() + timedelta(minutes=10))
    await backed_up.luotsi("backup", "ledger")
    await sent_referral(backed_up.platform, await small_town(backed_up.platform))
    events = sum([await backed_up.platform.scalar(each, _EVENTS) for each in ("catalog", "referral")])
    assert f"{events} entries" in (await backed_up.luotsi("backup", "ledger")).stdout


async def test_what_is_damaged_missing_newer_or_another_s_is_said_so(backed_up: BackedUp, tmp_path: Path) -> None:
    name = await backed_up.make()
    folder = backed_up.target / "backups" / name
    other = tmp_path / "other.txt"
    other.write_text(sealing.new_identity()[0])
    wrong = await backed_up.refused("backup", "verify", "--identity", str(other))
    assert "this identity opens none of it" in wrong
    dump = folder / "referral.dump.age"
    whole = dump.read_bytes()
    dump.write_bytes(whole[:-40] + bytes([whole[-40] ^ 1]) + whole[-39:])
    assert "referral.dump.age is damaged" in await backed_up.refused("backup", "verify")
    dump.unlink()
    assert "half a set" in await backed_up.refused("backup", "verify")
    dump.write_bytes(whole)
    manifest = folder / "manifest.json"
    written = manifest.read_text()
    manifest.write_text(written.replace('"format": 1', '"format": 2'))
    assert "made by a newer version" in await backed_up.refused("backup", "verify")
    manifest.write_text(written[:100])
    assert "is damaged" in await backed_up.refused("backup", "verify")
    manifest.unlink()
    assert "half a set" in await backed_up.refused("backup", "verify", name)
    assert "no finished backup" in await backed_up.refused("backup", "verify")


async def test_a_backup_that_fails_leaves_nothing_behind(backed_up: BackedUp) -> None:
    postgres = backed_up.platform.servers.owner_urls["portal"].replace("/portal", "/not-there")
    said = await backed_up.refused("backup", "make", PORTAL_OWNER_DATABASE_URL=postgres)
    assert "the database portal does not answer" in said
    assert not list((backed_up.target).rglob("*.age"))
    assert "BACKUP_RECIPIENTS is not set" in await backed_up.refused("backup", "make", BACKUP_RECIPIENTS="")
    secret = backed_up.identity.read_text().splitlines()[-1]
    said = await backed_up.refused("backup", "make", BACKUP_RECIPIENTS=secret)
    assert "holds a secret key" in said
    assert secret not in said
    assert "is no public key" in await backed_up.refused("backup", "make", BACKUP_RECIPIENTS="age1nothing")
    assert "is no directory" in await backed_up.refused("backup", "make", BACKUP_TARGET="/nowhere/at/all")
    assert "BACKUP_KEEP_DAILY" in await backed_up.refused("backup", "make", BACKUP_KEEP_DAILY="none")


async def test_old_backups_go_and_half_ones_after_a_day(backed_up: BackedUp) -> None:
    name = await backed_up.make()
    folder = backed_up.target / "backups"
    for old in ("2026-01-01T01-00-00Z", "2026-01-01T02-00-00Z", "2026-02-01T02-00-00Z"):
        made = folder / old
        made.mkdir()
        for each in (folder / name).iterdir():
            (made / each.name).write_bytes(each.read_bytes().replace(name.encode(), old.encode()))
    half = folder / "2026-03-01T02-00-00Z"
    half.mkdir()
    (half / "catalog.dump.age").write_bytes(b"half")
    done = await backed_up.luotsi("backup", "prune", BACKUP_KEEP_DAILY="1", BACKUP_KEEP_WEEKLY="0")
    assert done.stdout.strip() == "removed: 2026-01-01T01-00-00Z, 2026-03-01T02-00-00Z"
    left = {path.name for path in folder.iterdir() if any(path.iterdir())}
    assert left == {"2026-01-01T02-00-00Z", "2026-02-01T02-00-00Z", name}
    assert moment_of(name).year >= 2026


@pytest.fixture
def s3_server() -> Iterator[str]:
    """A server that speaks S3, in a process of its own, with a bucket."""
    port = free_port_base()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                httpx2.put(
                    f"{address}/city", headers={"Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/"}
                )
                break
            except httpx2.HTTPError:
                assert server.poll() is None
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait()


async def test_a_place_without_a_backup_says_so(backed_up: BackedUp) -> None:
    done = await backed_up.luotsi("backup", "list")
    assert done.stdout == f"there is no backup in {backed_up.target} yet\n"


async def test_an_identity_that_is_not_there_or_is_none_is_said_in_words(backed_up: BackedUp, tmp_path: Path) -> None:
    await backed_up.make()
    missing = await backed_up.refused("backup", "verify", "--identity", str(tmp_path / "elsewhere.txt"))
    assert "into a container it is piped" in missing
    nothing = await backed_up.refused("backup", "verify", "--identity", "-")
    assert "what is piped holds no secret key" in nothing


@pytest.mark.parametrize("size", [4, 500_000])
async def test_a_disk_that_is_full_says_what_to_do(
    backed_up: BackedUp, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    opened = Path.open

    def full(path: Path, *arguments: Any, **options: Any) -> Any:
        return opened(Path("/dev/full") if path.name == "sealed" else path, *arguments, **options)

    monkeypatch.setattr(Path, "open", full)
    monkeypatch.setattr(postgres_tools, "start", partial(_dumping, size))
    said = await backed_up.refused("backup", "make")
    assert "could not be written: [Errno 28] No space left on device: make room in" in said
    assert list((backed_up.target / "backups").glob("*")) == []


def _dumping(size: int, *_: str, url: str, **streams: Any) -> subprocess.Popen[bytes]:
    assert url
    return subprocess.Popen(["head", "-c", str(size), "/dev/zero"], **streams)


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (PermissionError(13, "Permission denied"), "has to belong to the user that makes backups"),
        (OSError(30, "Read-only file system"), "has to be writable"),
        (OSError(28, "No space left on device"), "Make room there"),
    ],
)
def test_a_directory_that_takes_nothing_says_what_to_do(backed_up: BackedUp, error: OSError, hint: str) -> None:
    def refuses() -> None:
        raise error

    with pytest.raises(PlatformError, match=hint):
        backed_up.store._reached(refuses)


async def test_a_bucket_is_a_target_like_a_directory(backed_up: BackedUp, s3_server: str) -> None:
    backed_up.settings |= {
        "BACKUP_TARGET": "s3://city/luotsi",
        "BACKUP_BUCKET_ENDPOINT": s3_server,
        "BACKUP_BUCKET_ACCESS_KEY": "key",
        "BACKUP_BUCKET_SECRET_KEY": "secret",
    }
    name = await backed_up.make()
    assert len(backed_up.store.sizes(f"backups/{name}")) == 5
    await backed_up.luotsi("backup", "verify", "--identity", str(backed_up.identity))
    backed_up.store.delete(f"backups/{name}/portal.dump.age")
    assert "half a set" in await backed_up.refused("backup", "verify")
    backed_up.store.delete(f"backups/{name}/portal.dump.age")
    said = await backed_up.refused("backup", "verify", BACKUP_TARGET="s3://elsewhere/luotsi")
    assert "s3://elsewhere/luotsi cannot be reached" in said
    assert "are needed" in await backed_up.refused("backup", "verify", BACKUP_BUCKET_SECRET_KEY="")


async def test_keys_are_sealed_into_a_file_of_their_own_and_come_back(backed_up: BackedUp, tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("MASTER_KEY=abc\nPORTAL_KEY=def\n")
    kept = tmp_path / "keys.age"
    await backed_up.luotsi("backup", "keys", str(kept), "--env", str(env))
    assert b"MASTER_KEY" not in kept.read_bytes()
    assert "exists already" in await backed_up.refused("backup", "keys", str(kept), "--env", str(env))
    back = ("restore", "keys", str(kept), "--identity", str(backed_up.identity))
    assert "exists already: set it aside" in await backed_up.refused(*back, "--env", str(env))
    assert "say --env" in await backed_up.refused(*back)
    elsewhere = tmp_path / "new" / ".env"
    await backed_up.luotsi(*back, "--env", str(elsewhere))
    assert elsewhere.read_bytes() == env.read_bytes()
    assert elsewhere.stat().st_mode & 0o077 == 0
    kept.write_bytes(kept.read_bytes()[:-1])
    assert "is damaged" in await backed_up.refused(*back, "--env", str(tmp_path / "third"))
