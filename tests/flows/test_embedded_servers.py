"""The embedded servers in trouble: accounts, folders, passwords and packages that are not as they should be."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from luotsi.embedded import account as accounts
from luotsi.embedded import servers as pair
from luotsi.embedded import valkey
from luotsi.embedded.account import binaries, database_folder, reachable, server_account
from luotsi.embedded.postgres import Postgres
from luotsi.embedded.servers import start_servers
from luotsi.embedded.wheels import package_folder
from luotsi.platform.data_dir import DataDir, temporary_data
from luotsi.platform.process import Account, PlatformError

STRANGER = Account("stranger", 54_321, 54_322)


@pytest.fixture
def data() -> Iterator[Path]:
    with temporary_data() as folder:
        yield folder


@pytest.fixture
def fresh_account() -> Iterator[None]:
    """Nobody has asked for the account yet, and nobody will remember what the test was told."""
    server_account.cache_clear()
    yield
    server_account.cache_clear()


@pytest.fixture
def open_folder(data: Path) -> Path:
    """A folder that everybody reaches."""
    folder = data / "open"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    return folder


@pytest.mark.usefixtures("fresh_account")
def test_who_is_not_root_runs_postgresql_as_himself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert server_account() is None
    assert (binaries(None) / "postgres").exists()
    assert database_folder(tmp_path / "own", None) == tmp_path / "own"
    assert stat.S_IMODE((tmp_path / "own").stat().st_mode) == 0o700


@pytest.mark.parametrize("how", ["it is there already", "there is no such command"])
def test_an_account_that_cannot_be_made_is_asked_for(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if how == "it is there already":
        monkeypatch.setattr(accounts, "ACCOUNT", "root")
    else:
        monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(PlatformError, match=r"could not be created .*start the platform as an ordinary user"):
        accounts._create_account()


@pytest.mark.parametrize(
    ("mode", "owner", "group", "reached"),
    [
        (0o700, STRANGER.uid, 0, True),
        (0o070, STRANGER.uid, STRANGER.gid, False),
        (0o070, 0, STRANGER.gid, True),
        (0o701, 0, 0, True),
        (0o770, 0, 0, False),
    ],
)
@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder to somebody else")
def test_a_folder_is_reached_by_its_bits(open_folder: Path, mode: int, owner: int, group: int, reached: bool) -> None:
    inside = open_folder / "inside"
    inside.mkdir()
    os.chown(inside, owner, group)
    inside.chmod(mode)
    assert reachable(inside, STRANGER) is reached


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder to somebody else")
def test_what_the_account_cannot_reach_lies_in_the_shelter(open_folder: Path, tmp_path: Path) -> None:
    shut = open_folder / "shut"
    shut.mkdir(mode=0o700)
    folder = database_folder(shut / "postgres", STRANGER, open_folder)
    assert (folder.parent, (shut / "postgres").readlink()) == (open_folder, folder)
    assert (folder.stat().st_uid, folder.stat().st_gid) == (STRANGER.uid, STRANGER.gid)
    assert database_folder(shut / "postgres", STRANGER, open_folder) == folder, "and is found again there"
    folder.rmdir()
    with pytest.raises(PlatformError, match=f"lies in {folder}, and that is gone: restore it, or remove {shut}"):
        database_folder(shut / "postgres", STRANGER, open_folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs a copy")
def test_a_copy_of_the_binaries_is_made_once_even_by_two(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_to_readers = accounts._open_to_readers

    def another_is_quicker(draft: Path) -> None:
        open_to_readers(draft)
        home = draft.with_name(draft.name.rpartition(".")[0])
        (home / accounts._PACKAGE).mkdir(parents=True)

    monkeypatch.setattr(accounts, "SHELTER", data / "shelter")
    monkeypatch.setattr(accounts, "_open_to_readers", another_is_quicker)
    folder = accounts._sheltered_binaries()
    assert [path.name for path in (data / "shelter").iterdir()] == [folder.parents[2].name], "and no draft is left"
    assert accounts._sheltered_binaries() == folder


def test_a_cluster_whose_creation_was_interrupted_is_made_anew(data: Path) -> None:
    with start_servers(data, durable=False, keep=True):
        folder = (data / "postgres").resolve()
    (folder / "luotsi-ready").unlink()
    (folder / "left over").mkdir()
    with start_servers(data, durable=False, keep=True):
        assert (folder / "luotsi-ready").exists()
        assert not (folder / "left over").exists()


def test_files_that_cannot_be_made_are_named_with_the_reason(data: Path) -> None:
    server = Postgres(DataDir(data), durable=False)
    if os.geteuid() == 0:
        os.chown(server._folder, 0, 0)
    server._folder.chmod(0o500)
    with pytest.raises(PlatformError, match=r"could not create its files: .*[Pp]ermission denied"):
        server.prepare()
    assert not (server._folder / "luotsi-ready").exists()
    server.remove()


def test_a_password_of_another_cluster_is_said_at_once(data: Path) -> None:
    with start_servers(data, durable=False):
        running = json.loads((data / "ports.json").read_text())["postgres"]
        secrets = json.loads((data / "secrets.json").read_text())
        (data / "secrets.json").write_text(json.dumps(secrets | {"postgres_postgres": "another"}))
        stranger = Postgres(DataDir(data), durable=False)
        stranger.port = running
        with pytest.raises(PlatformError, match="has another password than this PostgreSQL was made with"):
            stranger.bootstrap("catalog")


def test_servers_that_do_not_answer_are_not_waited_for_without_end(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with start_servers(data, durable=False) as servers:
        servers.postgres.kill()
        with pytest.raises(RuntimeError, match="postgres is not running"):
            assert servers.postgres.pid
        monkeypatch.setattr(pair, "START_PATIENCE", 0.1)
        with pytest.raises(PlatformError, match="do not answer"):
            servers.wait_ready()


def test_packages_that_are_not_there_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PlatformError, match=r"package no_such_package is not installed: install luotsi\[embedded\]"):
        package_folder("no_such_package")
    monkeypatch.setattr(valkey, "package_folder", lambda _: tmp_path)
    with pytest.raises(PlatformError, match="no server for this kind of machine"):
        valkey.server_binary()
