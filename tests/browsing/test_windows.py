"""A browser's window tells of what goes wrong out of a person's sight, and no test is skipped for want of a browser."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser import Windows

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.journey
@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("fetch('https://elsewhere.example/').catch(() => null)", "Content Security Policy"),
        ("document.head.append(Object.assign(new Image(), {src: '/static/none.png'}))", "404"),
        ("setTimeout(() => { throw new Error('lost') })", "lost"),
    ],
)
async def test_what_goes_wrong_in_a_window_is_told(windows: Windows, script: str, complaint: str) -> None:
    page = await windows.open()
    await page.goto("/")
    await page.evaluate(script)
    await page.wait_for_timeout(500)
    assert any(complaint in told for told in windows.complaints), windows.complaints
    windows.complaints.clear()


@pytest.mark.parametrize("program", ["pytest -q --collect-only tests/browsing/test_windows.py", "tests.browser"])
def test_without_a_browser_the_tests_fail_at_once_and_say_what_gets_one(program: str) -> None:
    command = [sys.executable, "-m", *program.split()]
    environment = {**os.environ, "CHROMIUM": "/nowhere/chromium"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != pytest.ExitCode.OK
    assert "/nowhere/chromium, which is not there. This gets one: make browser" in done.stdout + done.stderr


def test_the_tests_as_a_whole_begin_with_a_look_for_the_browser() -> None:
    steps = subprocess.run(["make", "-n", "test"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert steps.index("-m tests.browser") < steps.index("pytest --numprocesses")
