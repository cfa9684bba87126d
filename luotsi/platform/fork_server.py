"""The fork server of `luotsi up`: loads once what the services share, then forks each of their processes.

It has no thread, no event loop and no connection, so that a fork of it may run anything. Standard input is a socket. A
request comes as one line of JSON and is answered by `{"pid": …}`. When that process has ended, `{"ended": pid,
"code": …}` follows; a negative code is the signal that ended it. When the other end of the socket closes, the server
ends, and the kernel kills every process that it forked.
"""

import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module

from setproctitle import setproctitle

from luotsi.platform.process import bind_to_parent
from shared.garbage import keep_what_is_loaded

# What more than one service needs. A service's own code is loaded by its own processes, and by no other.
SHARED = ("shared.database.migrations", "shared.web.json_api", "shared.consuming.worker")


@dataclass(frozen=True)
class Request:
    """What a forked process runs: `module` has a `main()`, which finds `arguments` in `sys.argv`."""

    name: str
    module: str
    arguments: list[str]
    env: dict[str, str]
    cwd: str
    log: str


def main() -> None:
    """Serve until standard input is closed; in a forked process, run what was requested."""
    setproctitle("luotsi fork-server")
    for name in SHARED:
        import_module(name)
    keep_what_is_loaded()  # a collection that walked over it would also copy its pages
    with socket.socket(fileno=os.dup(0)) as link:
        request = _serve(link)
    if request:
        _run(request)


def _serve(link: socket.socket) -> Request | None:
    """Fork for each request. Returns the request in each forked process, and None in the server when it is to end."""

    def say(**fact: int) -> None:
        link.sendall(json.dumps(fact).encode() + b"\n")

    server, received = os.getpid(), b""
    with _woken_by_ends() as woken, selectors.DefaultSelector() as selector:
        selector.register(link, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if woken in ready:
                woken.recv(4096)
                for pid, code in _ended():
                    say(ended=pid, code=code)
            if link in ready:
                if not (part := link.recv(65536)):
                    return None
                *lines, received = (received + part).split(b"\n")
                for line in lines:
                    if (pid := os.fork()) == 0:
                        bind_to_parent(server, signal.SIGKILL)
                        return Request(**json.loads(line))
                    say(pid=pid)


@contextmanager
def _woken_by_ends() -> Iterator[socket.socket]:
    """A socket that can be read whenever a child may have ended."""
    woken, wakes = socket.socketpair()
    wakes.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes.fileno())
    with woken, wakes:
        yield woken
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _ended() -> Iterator[tuple[int, int]]:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, os.waitstatus_to_exitcode(status)


def _run(request: Request) -> None:
    os.setsid()
    _redirect(os.open(os.devnull, os.O_RDONLY), 0)
    log = os.open(request.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.dup2(log, 1)
    _redirect(log, 2)
    os.chdir(request.cwd)
    os.environ.clear()
    os.environ.update(request.env)
    sys.argv = [request.module, *request.arguments]
    setproctitle(f"luotsi {request.name}")
    import_module(request.module).main()


def _redirect(source: int, target: int) -> None:
    os.dup2(source, target)
    os.close(source)


if __name__ == "__main__":
    main()
