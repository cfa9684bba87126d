"""What the fault rig takes for a repetition that was promised, and what for one that nothing explains."""

from email.message import EmailMessage

import pytest

from tests.faults.checks.repeats import published_again, repeated_mails
from tests.faults.poison import COPIED, REPLAYED


def mail(delivery: str = "d-1") -> EmailMessage:
    message = EmailMessage()
    message["Message-ID"] = f"<{delivery}@kuopio.example>"
    return message


@pytest.mark.parametrize(
    ("what", "after", "explained"),
    [
        (None, 20.0, False),
        ("notifications-worker SIGKILL", 20.0, True),
        ("notifications-worker-2", 20.0, True),
        ("kill_postgres", 20.0, True),
        ("referral-worker SIGKILL", 20.0, False),
        ("scale_out_and_in", 20.0, False),
        ("notifications-worker SIGKILL", 2.0, False),
        ("kill_postgres", 2.0, False),
        ("close_mail_server", 2.0, True),
        ("notifications-worker SIGSTOP", 2.0, True),
    ],
)
def test_a_mail_comes_again_only_for_a_reason(what: str | None, after: float, explained: bool) -> None:
    disturbed = [(100.5, what)] if what else []
    found = list(repeated_mails([mail(), mail("d-2"), mail()], [100.0, 100.0, 100.0 + after], disturbed))
    assert [finding.kind for finding in found] == ([] if explained else ["doubled"])


def test_what_happened_long_before_or_later_explains_nothing() -> None:
    disturbed = [(50.0, "notifications-worker SIGKILL"), (130.0, "notifications-worker SIGKILL")]
    assert len(list(repeated_mails([mail(), mail()], [100.0, 120.0], disturbed))) == 1


def entry(moment: float, *marks: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    return b"%d-0" % (1000 * moment), {b"__data__": b'{"id": "e-1"}', **dict.fromkeys(marks, b"")}


@pytest.mark.parametrize(
    ("what", "marks", "explained"),
    [
        (None, [], False),
        ("referral-worker SIGKILL", [], True),
        ("catalog-worker SIGKILL", [], False),
        (None, [COPIED], True),
        (None, [REPLAYED], True),
    ],
)
def test_an_event_is_published_again_only_for_a_reason(what: str | None, marks: list[bytes], explained: bool) -> None:
    disturbed = [(100.5, what)] if what else []
    found = list(published_again("referral", [entry(100), entry(101, *marks)], disturbed))
    assert [finding.kind for finding in found] == ([] if explained else ["doubled"])


def test_one_event_may_be_replayed_out_of_two_dead_letters() -> None:
    entries = [entry(100), entry(101), entry(300, REPLAYED), entry(300, REPLAYED)]
    assert list(published_again("referral", entries, [(100.5, "referral-worker SIGKILL")])) == []
