"""The fault rig: each moment that it watches is in the platform, and it comes to a verdict whatever happens."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from uuid import uuid4

import pytest

from luotsi.platform.tokens import Member
from shared.services import SERVICES
from tests.faults import accounts, administration, people
from tests.faults.accounts import Accounts
from tests.faults.actors import Day
from tests.faults.checks.expectations import Finding
from tests.faults.checks.logs import check_promises
from tests.faults.checks.many import Told, judge_many
from tests.faults.checks.snapshot import Snapshot
from tests.faults.checks.watch import Watch
from tests.faults.injection_points import POINTS
from tests.faults.lab import Lab
from tests.faults.ledger import Answers, Ledger
from tests.faults.outcome import ENOUGH, Outcome
from tests.faults.people import GivenUp, Somebody
from tests.faults.sabotage import overlooked
from tests.faults.schedule import Course

_WATCH = """
import pathlib, sys
from tests.faults.process import watch

watch(sys.argv[1], pathlib.Path(), "", sys.argv[2])
"""

MODULES = [
    f"services.{each.name}.{'main' if kind == 'web' else 'worker'}" for each in SERVICES for kind in each.processes
]


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("version", ["current", "newer"])
def test_the_rig_finds_every_moment_that_it_watches(module: str, version: str) -> None:
    watched = subprocess.run(
        [sys.executable, "-c", _WATCH, module, version],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert watched.returncode == 0, watched.stderr


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close a connection without an answer."""
    writer.close()


@pytest.fixture
async def adviser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Somebody]:
    """Somebody of the rig, who has not much patience, and whose services never answer."""
    for module in (people, accounts, administration):
        monkeypatch.setattr(module, "PATIENCE", 0.5)
    monkeypatch.setattr(people, "sign_token", lambda *_: "a token")
    server = await asyncio.start_server(silence, "127.0.0.1")
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    lab = SimpleNamespace(
        urls=dict.fromkeys(("referral", "notifications", "catalog"), url),
        target=SimpleNamespace(signing_key="", issuer=""),
    )
    member = Member(uuid4(), "adviser-1@navigaattori.example", uuid4(), "navigaattori", ["adviser"], active=True)
    somebody = Somebody(cast(Lab, lab), Ledger(), member)
    yield somebody
    await somebody.close()
    server.close()


async def test_who_gets_no_answer_gives_up_and_the_ledger_names_the_request(adviser: Somebody) -> None:
    with pytest.raises(GivenUp):
        await adviser.insist("referral", "GET", "/referrals")
    assert len(adviser.ledger.given_up) == 1
    assert adviser.ledger.given_up[0].startswith("GET /referrals")


async def test_a_day_ends_though_nobody_is_ever_answered(adviser: Somebody) -> None:
    organizations = {"navigaattori": {"id": "o-1", "slug": "navigaattori"}}
    day = Day(Accounts(adviser, [adviser], [], [{"id": "s-1"}], organizations), seed=1, pause=0.01)
    day.begin()
    async with asyncio.timeout(30):
        while not adviser.ledger.given_up:
            await asyncio.sleep(0.01)
        await day.end()
    books = Snapshot({}, {}, {"referral": {"keys": [], "referrals": []}})
    assert {finding.kind for finding in check_promises(books, adviser.ledger)} == {"stuck"}


ACCEPTED = "referral.accepted.v1"
MANY = Answers("request", ACCEPTED, frozenset({("r-1", 3), ("r-2", 5)}), frozenset({"r-3"}))


@pytest.mark.parametrize(
    ("told", "kinds"),
    [
        ([(ACCEPTED, "r-1", 3), (ACCEPTED, "r-2", 5)], []),
        ([(ACCEPTED, "r-1", 3)], ["lost"]),
        ([(ACCEPTED, "r-1", 3), (ACCEPTED, "r-2", 5), (ACCEPTED, "r-3", 4)], ["wrong"]),
        ([(ACCEPTED, "r-1", 3), (ACCEPTED, "r-2", 5), (ACCEPTED, "r-2", 5)], ["doubled"]),
        ([(ACCEPTED, "r-1", 3), ("referral.declined.v1", "r-2", 5)], ["lost", "wrong"]),
    ],
)
def test_each_of_many_is_judged_by_what_came_of_the_request(told: list[Told], kinds: list[str]) -> None:
    assert [finding.kind for finding in judge_many(MANY, told)] == kinds


def test_a_lie_of_which_no_finding_says_anything_was_overlooked() -> None:
    lies = {"a notice is gone": "have gaps", "a copy is old": "has an old picture"}
    assert overlooked(lies, [Finding("lost", "the numbers of the notices of m-1 have gaps")]) == ["a copy is old"]


def test_a_run_says_which_moments_it_hit_too_seldom(capsys: pytest.CaptureFixture[str]) -> None:
    hits = dict.fromkeys(POINTS, ENOUGH) | {"relay after mark": ENOUGH - 1, "mail before SMTP": 0}
    watch = cast(Watch, SimpleNamespace(looks=1, broken_off=0, broken_off_by=""))
    outcome = Outcome(Course(), Ledger(), hits, [], watch, needs_points=tuple(POINTS))
    outcome.show()
    said = capsys.readouterr().out
    assert f"hit fewer than {ENOUGH} times: relay after mark ({ENOUGH - 1}), mail before SMTP (0)" in said
    assert "never hit: mail before SMTP" in said
    assert not outcome.well


def away_for(seconds: float, *, flooded: bool = False) -> list[str]:
    """What the watch finds when no look could be finished for so long."""
    watch = Watch(cast(Lab, SimpleNamespace(flooded=flooded)), Ledger())
    watch.away_since = time.monotonic() - seconds
    watch.note_away(ConnectionError("refused"), time.monotonic())
    return [finding.kind for finding in watch.findings]


def test_a_server_that_does_not_come_back_is_lost() -> None:
    assert away_for(290) == [], "a fault may take as long"
    assert away_for(310) == ["lost"]
    assert away_for(310, flooded=True) == []
