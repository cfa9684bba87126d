"""A platform in containers is lost, and comes back by the commands that the operations page names."""

import time
from collections.abc import Iterator
from uuid import uuid4

import httpx2
import pytest

from luotsi.backup import sealing
from tests.journeys.compose_stack import Stack, require_engine, wait_until
from tests.journeys.test_compose import ADVISER, send_referral

pytestmark = pytest.mark.compose


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The platform with its accounts, before it has made a backup."""
    require_engine()
    stack = Stack()
    try:
        stack.compose("build", "migrate", seconds=900)
        stack.up(profile="demo")
        yield stack
    finally:
        stack.remove()


def adviser(stack: Stack) -> httpx2.Client:
    """An adviser's client of the edge."""
    headers = {"Authorization": f"Bearer {stack.token(ADVISER)}"}
    return httpx2.Client(base_url=stack.url, headers=headers, timeout=30)


def test_total_loss_and_one_database(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    identity, public = sealing.new_identity()
    stack.settle(BACKUP_RECIPIENTS=public)
    stack.up(profile="backup")
    with adviser(stack) as client:
        kept = send_referral(client, str(uuid4())).json()
    done = stack.compose("run", "--rm", "-T", "backup", "make")
    name = done.stdout.partition(": ")[0].strip()
    said = stack.compose("run", "--rm", "-T", "backup", "verify", name, "--identity", "-", piped=identity).stdout
    assert f"{name} is whole and can be restored" in said
    logs = stack.compose("logs", "--no-color", "backup")
    wait_until(lambda: "read again and whole" in stack.compose("logs", "backup").stdout, logs.stdout)

    stack.lose_data()
    begun = time.monotonic()
    said = stack.compose("run", "--rm", "-T", "restore", "all", name, "--identity", "-", piped=identity).stdout
    restored = time.monotonic() - begun
    assert f"restored from {name}" in said
    stack.up(profile="backup")
    at_work = time.monotonic() - begun
    with adviser(stack) as client:
        assert client.get(f"/api/referral/referrals/{kept['id']}").json()["status"] == "requested"
        assert send_referral(client, str(uuid4())).status_code == 201

    stack.compose("stop", "referral-web", "referral-worker", "retention", "backup")
    begun = time.monotonic()
    one = ("restore", "one", "referral", name, "--replace", "--identity", "-")
    stack.compose("run", "--rm", "-T", *one, piped=identity)
    single = time.monotonic() - begun
    stack.up(profile="backup")
    with adviser(stack) as client:
        assert client.get(f"/api/referral/referrals/{kept['id']}").json()["status"] == "requested"
    with capsys.disabled():
        print(f"\nin containers: restored in {restored:.1f} s, at work after {at_work:.1f} s; one: {single:.1f} s")
