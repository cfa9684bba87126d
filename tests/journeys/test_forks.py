"""The fork server, and the supervisor of what comes out of it, as real processes."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from luotsi.platform.data_dir import DataDir
from luotsi.platform.process import PlatformError, ProcessSpec
from luotsi.platform.process_specs import fork_server
from luotsi.platform.supervisor import Supervisor

pytestmark = pytest.mark.journey


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path)


@pytest.fixture
async def supervisor(data: DataDir) -> AsyncIterator[Supervisor]:
    """A supervisor with a fork server."""
    with data.locked() as lock:
        supervisor = Supervisor(data, lock)
        supervisor.start(fork_server())
        yield supervisor
        await supervisor.stop(["telling", "fork-server"], grace=5)


def telling(data: DataDir, *arguments: str) -> ProcessSpec:
    """What tells about itself."""
    argv = [sys.executable, "-m", "tests.journeys.telling", *arguments]
    return ProcessSpec("telling", argv, {"PATH": "/bin", "ONLY": "this"}, data.root, forked=True)


async def soon(look: Callable[[], Any]) -> Any:
    """What `look` answers as soon as that is true."""
    async with asyncio.timeout(60):
        while not (answer := look()):
            await asyncio.sleep(0.05)
    return answer


def told(data: DataDir) -> list[Any]:
    """What each process that is called so told, in the order of their starts."""
    log = data.log("telling")
    return [json.loads(line) for line in log.read_text().splitlines() if line[0] == "{"] if log.exists() else []


def is_dead(pid: int) -> bool:
    """Whether a process is over, though whoever has to bury it may not have done so yet."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def pids(data: DataDir) -> dict[str, int]:
    return dict(json.loads((data.root / "processes.json").read_text()))


async def test_a_forked_process_is_one_of_its_own(supervisor: Supervisor, data: DataDir) -> None:
    child = await supervisor.launch(telling(data, "wait"))
    [facts] = await soon(lambda: told(data))
    assert facts["pid"] == facts["session"] == child.pid == pids(data)["telling"]
    assert facts["cwd"] == str(data.root)
    assert facts["arguments"] == ["tests.journeys.telling", "wait"]
    assert facts["environment"] == {"PATH": "/bin", "ONLY": "this"}
    assert facts["files"] == ["/dev/null", str(data.log("telling")), str(data.log("telling"))]
    assert facts["ignored"] == [signal.SIGPIPE, signal.SIGXFSZ]  # as in every Python process
    files = f"/proc/{child.pid}/fd"
    held = {os.readlink(f"{files}/{number}") for number in os.listdir(files)}
    assert str(data.root / "lock") in held
    assert [name for name in held if name.startswith("socket")] == []
    assert psutil.Process(child.pid).cmdline()[0] == "luotsi telling"
    server = psutil.Process(pids(data)["fork-server"])
    assert psutil.Process(child.pid).parent() == server
    assert server.num_threads() == 1  # a thread would not be copied, and what it holds would never be let go
    child.kill()
    assert await child.ended() == -signal.SIGKILL


@pytest.mark.parametrize(
    ("arguments", "code"), [(("exit", "0"), 0), (("exit", "3"), 3), (("signal", "15"), -15), (("raise",), 1)]
)
async def test_how_it_ended_is_known(
    supervisor: Supervisor, data: DataDir, arguments: tuple[str, ...], code: int
) -> None:
    child = await supervisor.launch(telling(data, *arguments))
    assert await child.ended() == child.poll() == code
    if arguments == ("raise",):
        assert "RuntimeError: as it was told" in data.log("telling").read_text()


async def test_many_at_once_are_told_apart(supervisor: Supervisor, data: DataDir) -> None:
    async def ended(code: int) -> int:
        return await (await supervisor.launch(telling(data, "exit", str(code)))).ended()

    assert await asyncio.gather(*(ended(code) for code in range(40))) == list(range(40))


async def test_a_program_that_is_run_once_has_to_succeed(supervisor: Supervisor, data: DataDir) -> None:
    await supervisor.run(telling(data, "exit", "0"))
    with pytest.raises(PlatformError, match="as it was told"):
        await supervisor.run(telling(data, "raise"))


async def test_one_that_is_interrupted_is_killed(supervisor: Supervisor, data: DataDir) -> None:
    running = asyncio.create_task(supervisor.run(telling(data, "wait")))
    [facts] = await soon(lambda: told(data))
    running.cancel()
    await soon(lambda: is_dead(facts["pid"]))


async def test_one_that_nobody_waits_for_any_more_is_killed(supervisor: Supervisor, data: DataDir) -> None:
    asked = asyncio.create_task(supervisor.launch(telling(data, "wait")))
    await soon((data.root / "processes.json").exists)
    await asyncio.sleep(0)  # the server is loading, and has the request
    asked.cancel()
    await supervisor.run(telling(data, "exit", "0"))
    server = psutil.Process(pids(data)["fork-server"])
    await soon(lambda: not server.children())


async def test_what_is_supervised_is_started_again(supervisor: Supervisor, data: DataDir) -> None:
    supervisor.start(telling(data, "wait"))
    [first] = await soon(lambda: told(data))
    os.kill(first["pid"], signal.SIGKILL)
    _, second = await soon(lambda: len(told(data)) == 2 and told(data))
    assert second["pid"] != first["pid"]


async def test_all_is_started_again_when_the_fork_server_is_killed(supervisor: Supervisor, data: DataDir) -> None:
    supervisor.start(telling(data, "wait"))
    [first] = await soon(lambda: told(data))
    server = pids(data)["fork-server"]
    os.kill(server, signal.SIGKILL)
    _, second = await soon(lambda: len(told(data)) == 2 and told(data))
    assert is_dead(first["pid"])
    assert psutil.Process(second["pid"]).ppid() == pids(data)["fork-server"] != server


async def test_a_request_that_a_dying_server_did_not_come_to_is_made_again(
    supervisor: Supervisor, data: DataDir
) -> None:
    asked = asyncio.create_task(supervisor.launch(telling(data, "exit", "7")))
    await soon((data.root / "processes.json").exists)
    os.kill(pids(data)["fork-server"], signal.SIGKILL)  # while it loads
    assert await (await asked).ended() == 7
    assert len(told(data)) == 1


async def test_a_fork_server_that_cannot_start_is_given_up_with_its_last_words(data: DataDir) -> None:
    with data.locked() as lock:
        supervisor = Supervisor(data, lock)
        supervisor.start(replace(fork_server(), argv=[sys.executable, "-c", "raise ImportError('it lacks something')"]))
        with pytest.raises(PlatformError, match=r"fork-server keeps ending[\s\S]*it lacks something"):
            await supervisor.unless_futile(supervisor.run(telling(data, "exit", "0")))
        await supervisor.stop(["fork-server"], grace=5)
    assert told(data) == []


async def test_what_keeps_ending_is_given_up_with_its_last_words(supervisor: Supervisor, data: DataDir) -> None:
    supervisor.start(telling(data, "raise"))
    with pytest.raises(PlatformError, match=r"telling keeps ending[\s\S]*as it was told"):
        await supervisor.unless_futile(asyncio.sleep(60))
