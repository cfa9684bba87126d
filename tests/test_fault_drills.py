"""What may be missing after a database was taken back, and what may not: the checks of the rig's drills can fail."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID, uuid4

from tests.faults.checks.copies import check_copies
from tests.faults.checks.notices import check_deliveries
from tests.faults.checks.remade import Remade, check_remade
from tests.faults.checks.rewound import Rewound, check_rewound, without_what_is_gone
from tests.faults.checks.snapshot import Event, Snapshot
from tests.faults.ledger import Ledger, Promise

LOST_AT = 1000.0


def event(sequence: int, epoch: int = 1, subject: str = "r-1") -> Event:
    return Event(sequence, uuid4(), "referral.accepted.v1", subject, epoch, sequence, "", {})


OLD, AMID, NEW = event(1), event(2), event(2, epoch=2)


def rewound(after: Sequence[Event] = (OLD,), safe: UUID = OLD.id) -> Rewound:
    """A log of two events, of which the second was told after the backup had begun."""
    return Rewound("referral", frozenset({safe}), (OLD, AMID), tuple(after), LOST_AT)


def found(done: Rewound, *log: Event) -> list[tuple[str, str]]:
    seen = Snapshot({"referral": list(log)}, {}, {})
    return [(finding.kind, finding.what) for finding in check_rewound(done, seen)]


def test_a_restore_that_raises_the_epoch_and_loses_what_came_later_is_well() -> None:
    assert found(rewound(), OLD, NEW) == []


def test_an_epoch_that_was_not_raised_is_found() -> None:
    same = event(2)
    assert found(rewound(), OLD, same) == [
        ("wrong", f"{same.type} {same.id} was told after the loss in epoch 1, as before")
    ]


def test_what_was_told_before_the_backup_may_not_be_missing() -> None:
    [finding] = found(rewound(safe=AMID.id), OLD, NEW)
    assert finding == ("lost", f"{AMID.type} {AMID.id} was told before the moment it was taken back to")


def test_nothing_comes_back_that_was_never_told() -> None:
    stranger = event(2)
    assert ("wrong", f"{stranger.type} {stranger.id} came back, and was never told before") in found(
        rewound(after=(OLD, stranger)), OLD, stranger, event(3, epoch=2)
    )


def test_silence_after_a_restore_is_no_success() -> None:
    assert found(rewound(), OLD) == [("wrong", "nothing was told by referral after it had come back")]


def test_an_epoch_that_falls_is_found() -> None:
    [finding] = found(rewound(), OLD, event(2, epoch=3), event(3, epoch=2))
    assert finding[1].endswith("of epoch 2 follows 3")


def test_only_promises_of_what_is_gone_are_let_off() -> None:
    def promise(version: int, at: float) -> Promise:
        return Promise("referral", "referral.accepted.v1", "r-1", version, "", at=at)

    kept, excused, later = promise(1, LOST_AT - 2), promise(2, LOST_AT - 1), promise(2, LOST_AT + 1)
    books = Ledger([kept, excused, later], keys={"a key": "r-2"}, seen={"n-1", "n-2"})
    seen = Snapshot({"referral": [OLD]}, {}, {})
    left = without_what_is_gone(books, rewound(), seen)
    assert [each.at for each in left.promises] == [kept.at, later.at]
    assert left.keys == {"a key": "r-2"}, "no event of that referral is gone"
    assert left.seen == {"n-1", "n-2"}


def delivery(status: str) -> dict[str, object]:
    return {"id": uuid4(), "notice_id": uuid4(), "channel": "email", "status": status}


def remade(made: dict[str, object], *mailed: object) -> list[str]:
    seen = Snapshot({}, {}, {"notifications": {"deliveries": [made]}})
    return [found.kind for found in check_remade(Remade({str(made["id"]): "before"}), seen, set(map(str, mailed)))]


def test_of_two_deliveries_of_one_notice_one_mail_comes() -> None:
    sent, waiting = delivery("delivered"), delivery("withdrawn")
    assert remade(sent, "before") == remade(sent, sent["id"]) == remade(waiting) == []
    assert remade(sent, "before", sent["id"]) == ["doubled"]
    assert remade(sent) == ["lost"], "it counts as sent, and nobody has it"


def test_what_a_restore_has_held_back_is_not_lost() -> None:
    made = delivery("withdrawn")
    notice = {"id": made["notice_id"], "event_id": uuid4(), "recipient_member_id": None}
    tables: dict[str, dict[str, list[object]]] = {
        "notifications": {"deliveries": [made], "notices": [notice]},
        "catalog": {"members": []},
    }
    seen = Snapshot({"notifications": []}, {}, tables)
    assert [found.kind for found in check_deliveries(seen)] == ["lost"]
    assert list(check_deliveries(seen, {str(made["id"])})) == []


def copies(told: Sequence[Event], forgotten: Sequence[Event], *kept: Event) -> list[str]:
    """What is found where the referral service has kept copies of deliveries, of which so much was told."""
    rows = [{"id": each.subject, "epoch": each.epoch, "sequence": each.sequence} for each in kept]
    tables: dict[str, dict[str, list[object]]] = {
        "catalog": {"organizations": [], "services": [], "members": [], "service_facts": []},
        "referral": {"deliveries": [*rows]},
        **{service: {} for service in ("notifications", "portal")},
    }
    logs = {"notifications": list(told), "referral": []}
    gone = defaultdict(list, notifications=list(forgotten))
    return [found.kind for found in check_copies(Snapshot(logs, {}, tables, gone))]


def test_a_copy_of_what_its_owner_has_forgotten_is_no_loss() -> None:
    assert copies([], [], OLD) == ["lost"]
    assert copies([], [OLD], OLD) == []


def test_a_copy_that_is_not_there_or_is_old_is_a_loss() -> None:
    assert copies([OLD], []) == copies([OLD, AMID], [], OLD) == ["lost"]
    assert copies([OLD, NEW], [AMID], AMID) == ["lost"], "of what was forgotten, and told anew"
    assert copies([OLD, NEW], [AMID], NEW) == []
