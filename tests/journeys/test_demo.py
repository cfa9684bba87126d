"""`luotsi demo` as its users run it: what it tells when all is well, and that it fails when somebody was not told."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from luotsi.demo.checks import Found, check_language, check_nothing_else, check_secrets
from luotsi.demo.mailbox import Mail
from luotsi.demo.people import ADVISER, BUSINESS_DESK, COORDINATOR, TALENT_DESK
from luotsi.demo.record import Expected, Record, Step, Told
from luotsi.demo.story import EXPECTED
from luotsi.platform.data_dir import temporary_data
from tests.journeys.running import PATIENCE, eventually, living

journey = pytest.mark.journey

TOLD_BY_THE_FIRST = [
    ("referral.sent.v1", BUSINESS_DESK.email),
    ("referral.first_viewed.v1", ADVISER.email),
    ("referral.accepted.v1", ADVISER.email),
    ("referral.started.v1", ADVISER.email),
    ("referral.completed.v1", ADVISER.email),
]


class Demo:
    """One `luotsi demo --json`, with a temporary folder of its own in which its platform can be found."""

    def __init__(self, temporary: Path) -> None:
        self.temporary = temporary
        command = [sys.executable, "-m", "luotsi", "demo", "--json"]
        # A proxy that does not answer: what is the platform's own is not asked for by a proxy.
        proxies = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"), "http://127.0.0.1:9")
        environment = {**os.environ, **proxies, "NO_PROXY": "", "no_proxy": "", "TMPDIR": str(temporary)}
        self.process = psutil.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def platform(self) -> Path:
        """The data directory of its platform, as soon as that is ready."""
        ready = eventually(lambda: list(self.temporary.glob("luotsi-*/platform.json")), "the demo's platform")
        return Path(ready[0]).parent

    def end(self) -> tuple[int, str, str]:
        """Exit code, standard output and standard error."""
        output, errors = self.process.communicate(timeout=3 * PATIENCE)
        return self.process.returncode, output, errors


@pytest.fixture
def temporary() -> Iterator[Path]:
    with temporary_data() as folder:
        yield folder


@pytest.fixture(scope="module")
def played() -> Iterator[dict[str, Any]]:
    """What a demo tells that nobody disturbs; nothing of it is left afterwards."""
    with temporary_data() as folder:
        code, output, errors = Demo(folder).end()
        assert code == 0, errors
        assert list(folder.iterdir()) == []
        yield json.loads(output)


def told_of(document: dict[str, Any], name: str) -> list[tuple[str, str]]:
    """Event type and recipient of all that was told of one referral, in the order of the story."""
    return [
        (step["event_type"], told["who"])
        for step in document["steps"]
        for told in step["told"]
        if step["referral"] == name
    ]


@journey
def test_everyone_concerned_is_told_on_both_channels(played: dict[str, Any]) -> None:
    assert (played["ok"], played["missing"]) == (True, [])
    assert told_of(played, "first") == told_of(played, "third") == TOLD_BY_THE_FIRST
    assert told_of(played, "second") == [
        ("referral.sent.v1", TALENT_DESK.email),
        ("referral.first_viewed.v1", ADVISER.email),
        ("referral.declined.v1", ADVISER.email),
    ]
    told = [each for step in played["steps"] for each in step["told"]]
    assert len({each["notice_id"] for each in told} - {None}) == len(told) == played["notices"]["found"]
    assert len({each["mail_file"] for each in told} - {None}) == len(told) == played["mails"]["found"]
    assert all(each["notice_ms"] > 0 and each["mail_ms"] > 0 for each in told)
    references = {referral["reference"] for referral in played["referrals"]}
    assert {each["mail_subject"].split()[-1] for each in told} == references


@journey
def test_the_referrals_end_as_the_story_says(played: dict[str, Any]) -> None:
    ends = {referral["name"]: referral["status"] for referral in played["referrals"]}
    assert ends == {
        "first": "completed",
        "second": "rejected",
        "third": "completed",
        "fourth": "cancelled",
        "fifth": "cancelled",
        "sixth": "completed",
    }
    assert all(referral["closed_at"] for referral in played["referrals"])


@journey
def test_what_was_passed_on_is_told_up_the_chain(played: dict[str, Any]) -> None:
    assert told_of(played, "fifth") == [
        ("referral.first_viewed.v1", BUSINESS_DESK.email),
        ("referral.first_viewed.v1", ADVISER.email),
        ("referral.accepted.v1", BUSINESS_DESK.email),
        ("referral.accepted.v1", ADVISER.email),
    ]
    withdrawn = [each for each in told_of(played, "fourth") if each[0] == "referral.consent_withdrawn.v1"]
    assert sorted(person for _, person in withdrawn) == [BUSINESS_DESK.email, BUSINESS_DESK.email, TALENT_DESK.email]


@journey
def test_an_overdue_answer_is_told_to_the_desk_and_then_to_the_coordinator(played: dict[str, Any]) -> None:
    overdue = [each for each in told_of(played, "sixth") if "overdue" in each[0]]
    assert overdue == [
        ("referral.overdue.v1", TALENT_DESK.email),
        ("referral.overdue_again.v1", TALENT_DESK.email),
        ("referral.overdue_again.v1", COORDINATOR.email),
    ]


@journey
def test_a_desk_is_told_in_its_own_language(played: dict[str, Any]) -> None:
    sent = [step for step in played["steps"] if step["event_type"] == "referral.sent.v1"]
    titles = {told["who"]: told["title"] for step in sent for told in step["told"]}
    assert titles[BUSINESS_DESK.email].startswith("Uusi ohjaus")
    assert titles[TALENT_DESK.email].startswith("New referral")


@journey
def test_it_fails_when_notices_are_not_made(temporary: Path) -> None:
    demo = Demo(temporary)
    worker = int(json.loads((demo.platform() / "processes.json").read_text())["notifications-worker"])
    os.kill(worker, signal.SIGSTOP)
    code, output, errors = demo.end()
    document = json.loads(output)
    assert code == 1
    assert document["ok"] is False
    for channel in ("notice", "mail"):
        last = f"no {channel} to {ADVISER.email} of referral.completed.v1 of the third referral"
        assert last in document["missing"]
        assert last in " ".join(errors.split())
    assert document["notices"]["found"] < document["notices"]["expected"]


@journey
def test_it_fails_when_mail_cannot_be_written(temporary: Path) -> None:
    demo = Demo(temporary)
    folder = demo.platform() / "mail"
    folder.rename(folder.with_name("elsewhere"))
    folder.write_text("no folder any more")
    code, output, _ = demo.end()
    document = json.loads(output)
    assert code == 1
    assert f"no mail to {ADVISER.email} of referral.completed.v1 of the third referral" in document["missing"]
    assert document["notices"]["found"] == document["notices"]["expected"]
    assert document["mails"]["found"] < document["mails"]["expected"]


@journey
def test_when_stopped_it_takes_its_platform_along(temporary: Path) -> None:
    demo = Demo(temporary)
    demo.platform()
    processes = demo.process.children(recursive=True)
    demo.process.terminate()
    code, output, errors = demo.end()
    assert (code, output) == (1, "")
    assert "stopped before its end" in errors
    assert living(processes) == []
    assert list(temporary.iterdir()) == []


def test_the_page_lists_who_has_to_be_told() -> None:
    page = (Path(__file__).parents[2] / "docs" / "demo.md").read_text(encoding="utf-8")
    due = [f"| {each.referral} | `{each.event_type}` | `{each.person.email}` |" for each in EXPECTED]
    assert [line for line in page.splitlines() if "`referral." in line and line.startswith("|")] == due


ACCEPTED = Expected("first", "referral.accepted.v1", ADVISER)
MAIL = Mail(
    file="1.eml",
    to=ADVISER.email,
    subject="Ohjaus KUO-7F3K-92",
    language="fi",
    title="Ohjaus KUO-7F3K-92 on hyväksytty",
    text="Ohjaus KUO-7F3K-92 on hyväksytty",
    seen_at=time.monotonic(),
)
NOTICE = {"id": "n1", "referral_id": "42", "event_type": ACCEPTED.event_type, "title": MAIL.title}


@pytest.fixture
def record() -> Record:
    """A story of one step, of which the adviser was told."""
    told = Told(ACCEPTED, notice_id="n1", title=MAIL.title, mail_file=MAIL.file, mail_subject=MAIL.subject)
    step = Step(0.0, BUSINESS_DESK, "accepts the referral", 1.0, "first", ACCEPTED.event_type, [told])
    referrals: dict[Any, Any] = {"first": {"id": "42", "reference": "KUO-7F3K-92"}}
    return Record((ACCEPTED,), mail_is_read=True, alone=True, steps=[step], referrals=referrals)


def test_what_was_due_is_not_too_much(record: Record) -> None:
    found = Found([(ADVISER.email, NOTICE)], [MAIL])
    assert check_nothing_else(record, found).well
    assert check_language(record, found).well
    assert check_secrets(found, ["Asiakas-1a2b", "040 000 1234"]).well


@pytest.mark.parametrize(
    "too_much",
    [
        Found([(COORDINATOR.email, NOTICE)], []),
        Found([(ADVISER.email, NOTICE), (ADVISER.email, NOTICE)], []),
        Found([(ADVISER.email, NOTICE | {"event_type": "referral.closed.v1"})], []),
        Found([], [MAIL, Mail(**{**vars(MAIL), "file": "2.eml"})]),
    ],
    ids=["somebody else's notice", "a notice twice", "another event", "a mail twice"],
)
def test_what_was_not_due_is_too_much(record: Record, too_much: Found) -> None:
    assert len(check_nothing_else(record, too_much).wrong) == 1


def test_a_mail_in_another_language_is_noticed(record: Record) -> None:
    swedish = Mail(**{**vars(MAIL), "language": "sv"})
    assert len(check_language(record, Found([], [swedish])).wrong) == 1


@pytest.mark.parametrize("given_away", ["asiakas-1A2B", "puh. 0400001234", "client@newcomer.\nexample"])
def test_what_gives_the_client_away_is_noticed(given_away: str) -> None:
    secrets = ["Asiakas-1a2b", "40 000 1234", "client@newcomer.example"]
    assert check_secrets(Found([(ADVISER.email, NOTICE | {"body": given_away})], []), secrets).wrong
    assert check_secrets(Found([], [Mail(**{**vars(MAIL), "text": given_away})]), secrets).wrong
