"""`postmaster.pid`: what a crash has left holds up no start, and a server that runs is never started twice."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from luotsi.embedded.servers import Servers, start_servers
from luotsi.embedded.stale_pid import make_way
from luotsi.platform.data_dir import DataDir, temporary_data
from luotsi.platform.process import PlatformError


@pytest.fixture
def data() -> Iterator[Path]:
    with temporary_data() as folder:
        yield folder


@pytest.fixture
def somebody(tmp_path: Path) -> Iterator[int]:
    """A living process that is no PostgreSQL."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, cwd=tmp_path)
    yield process.pid
    process.kill()
    process.communicate()


def pid_file(data: Path) -> Path:
    return (data / "postgres").resolve() / "postmaster.pid"


def named(file: Path, pid: object) -> None:
    """Let the file name another process, and all else as before."""
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([f"{pid}\n", *lines[1:]]))


def crash(data: Path) -> str:
    """A cluster with a table, whose server was killed; what is left of its file."""
    with start_servers(data, durable=False, keep=True) as servers:

        async def fill() -> None:
            connection = await asyncpg.connect(servers.postgres_admin_url)
            await connection.execute("CREATE TABLE kept (n int); CHECKPOINT")
            await connection.close()

        asyncio.run(fill())
        servers.postgres.kill()
        return pid_file(data).read_text()


def test_what_children_hold_a_moment_longer_is_waited_for(data: Path) -> None:
    folder = DataDir(data)
    with folder.locked() as handle:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[handle])
    threading.Timer(1.0, child.communicate, (b"\n",)).start()
    with folder.locked():
        assert child.wait(timeout=30) == 0


def test_a_number_that_another_process_has_now_holds_up_no_start(data: Path, somebody: int) -> None:
    left = crash(data)
    for pid in (somebody, os.getpid(), 1):
        pid_file(data).write_text(left)
        named(pid_file(data), pid)
        with start_servers(data, durable=False, keep=True) as servers:
            assert pid_file(data).read_text().splitlines()[0] == str(servers.postgres.pid)


@pytest.mark.parametrize("left", ["", "\n", "not a number\n/somewhere\n", "\x00\x00"])
def test_a_file_that_was_written_halfway_holds_up_no_start(data: Path, left: str) -> None:
    crash(data)
    pid_file(data).write_text(left)
    with start_servers(data, durable=False, keep=True) as servers:
        assert pid_file(data).read_text().splitlines()[0] == str(servers.postgres.pid)


def test_a_server_that_runs_is_not_started_twice(servers: Servers, tmp_path: Path) -> None:
    for pid in (servers.postgres.pid,):
        folder = Path(f"/proc/{pid}/cwd").readlink()
        before = (folder / "postmaster.pid").read_text()
        with pytest.raises(PlatformError, match=f"process {pid}.* already runs on .*: stop it first"):
            make_way(folder)
        assert (folder / "postmaster.pid").read_text() == before


def test_a_server_of_another_folder_is_none_of_this_one(servers: Servers, tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text(f"{servers.postgres.pid}\n{tmp_path}\n1\n5432\n")
    make_way(tmp_path)
    assert (tmp_path / "postmaster.pid").read_text() == f"{os.getpid()}\n{tmp_path}\n1\n5432\n"


def test_a_number_that_nobody_has_is_left_to_postgresql(tmp_path: Path) -> None:
    make_way(tmp_path)
    file = tmp_path / "postmaster.pid"
    file.write_text(f"{2**22 + 1}\n")
    make_way(tmp_path)
    assert file.read_text() == f"{2**22 + 1}\n"


def test_where_processes_are_hidden_the_port_tells(
    tmp_path: Path, somebody: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hidden(_: Path) -> Path:
        raise PermissionError

    monkeypatch.setattr(Path, "readlink", hidden)
    file = tmp_path / "postmaster.pid"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        file.write_text(f"{somebody}\n{tmp_path}\n1\n{port}\n")
        with pytest.raises(PlatformError, match="already runs"):
            make_way(tmp_path)
    for rest in (f"{tmp_path}\n1\n{port}\n", f"{tmp_path}\n", "a\nb\nc\n"):
        file.write_text(f"{somebody}\n{rest}")
        make_way(tmp_path)
        assert file.read_text() == f"{os.getpid()}\n{rest}"
