"""A server that lets nobody in, or is away: a command says so in one line, and ends."""

import asyncio
import os
import subprocess
import sys
from urllib.parse import urlsplit

from luotsi.platform.surroundings import said_of_server
from tests.flows.operating import environment
from tests.platform import Platform

COMMANDS = [("member", "list"), ("retention",)]


async def said(platform: Platform, *command: str, **changes: str) -> str:
    """What a command that fails says, as an operator sees it."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "luotsi", *command],
        env=os.environ | environment(platform) | changes,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    return done.stderr.strip()


def changed(platform: Platform, change: str) -> dict[str, str]:
    """Every address of a database, with another password or port."""
    urls = {name: url for name, url in environment(platform).items() if name.endswith("DATABASE_URL")}
    for name, url in urls.items():
        parts = urlsplit(url)
        there = f"{parts.hostname}:{parts.port}" if change == "password" else "127.0.0.1:1"
        urls[name] = parts._replace(netloc=f"{parts.username}:wrong@{there}").geturl()
    return urls


async def test_a_wrong_password_is_said_in_one_line(platform: Platform) -> None:
    lines = [await said(platform, *command, **changed(platform, "password")) for command in COMMANDS]
    for line in lines:
        assert line.startswith("luotsi: ")
        assert "password authentication failed" in line
        assert "\n" not in line


async def test_a_server_that_is_away_is_said_in_one_line(platform: Platform) -> None:
    lines = [await said(platform, *command, **changed(platform, "port")) for command in COMMANDS]
    for line in lines:
        assert line.startswith("luotsi: ")
        assert "\n" not in line


def test_a_fault_of_ours_keeps_its_trace() -> None:
    assert said_of_server(KeyError("x")) is None
    assert said_of_server(OSError(22, "Invalid argument")) is None
