"""What a referral's page says in words: how long is left, what happened and who was told, what changed meanwhile."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.portal import texts
from services.portal.pages.referrals.deadlines import time_left
from services.portal.pages.referrals.giving import was_taken
from services.portal.pages.referrals.rows import address, cursor_in
from services.portal.pages.referrals.source_steps import STEPS, others_who_saw
from services.portal.pages.referrals.timeline import Names, changes_since, shown

JSON = dict[str, Any]
FRIDAY = datetime(2026, 12, 4, 10, 0, tzinfo=UTC)
NAMES = Names("en", "source", {"source": "Navigaattori", "target": "Business Kuopio"}, {"m1": "adviser@n.example"})


@pytest.mark.parametrize(
    ("respond_by", "text", "state"),
    [
        ("2026-12-04T12:30:00Z", "2 hours left", "soon"),
        ("2026-12-04T10:20:00Z", "One hour left", "soon"),
        ("2026-12-07T10:00:00Z", "3 days left", "soon"),  # over the weekend: the next working day
        ("2026-12-08T10:00:00Z", "4 days left", "ahead"),
        ("2026-12-04T22:30:00Z", "One day left", "soon"),  # past midnight in Kuopio
        ("2026-12-04T10:00:00Z", "One hour late", "overdue"),
        ("2026-12-04T06:59:00Z", "3 hours late", "overdue"),
        ("2026-12-01T10:00:00Z", "3 days late", "overdue"),
    ],
)
def test_how_long_is_left_is_said_in_words(respond_by: str, text: str, state: str) -> None:
    found = time_left({"status": "requested", "respond_by": respond_by}, FRIDAY, "en")
    assert found
    assert (found["text"], found["state"], found["iso"]) == (text, state, respond_by)


@pytest.mark.parametrize(
    "referral", [{"status": "accepted", "respond_by": "2026-12-04T12:30:00Z"}, {"status": "requested"}]
)
def test_where_no_answer_is_waited_for_nothing_is_left(referral: JSON) -> None:
    assert time_left(referral, FRIDAY, "fi") is None


def item(event: str, version: int, **more: Any) -> JSON:
    """Something that happened, as the API tells of it."""
    usual = {"event_id": f"e{version}", "event_type": f"referral.{event}.v1", "version": version, "side": "target"}
    rest: JSON = {"member_id": None, "reason_code": None, "outcome_code": None, "reference": "KUO-7F3K-92", "told": []}
    return usual | rest | {"at": f"2026-12-0{version}T10:00:00Z", "status": "requested"} | more


def told(channel: str, **more: Any) -> JSON:
    """That somebody was told."""
    usual = {"side": "source", "channel": channel, "status": "delivered", "at": "2026-12-01T10:01:00Z"}
    return usual | {"member_id": "m1", "opened_at": None} | more


def test_who_was_told_is_one_line_for_each_with_all_channels() -> None:
    failed = told("email", side="coordinator", member_id=None, status="failed")
    happened = item("accepted", 2, told=[told("inbox"), told("email"), failed])
    [event] = shown([happened], NAMES, "KUO-7F3K-92", {})
    lines = [each["text"] for each in event["told"]]
    assert lines[0].startswith("adviser@n.example: e-mail and notice in Luotsi 1 Dec 2026")
    assert lines[1].startswith("The coordinator: e-mail could not be delivered")
    assert [each["opened"] for each in event["told"]] == [False, False]
    [seen] = shown([happened], NAMES, "KUO-7F3K-92", {("e2", "m1"): "2026-12-01T11:00:00Z"})
    assert seen["told"][0]["opened"]
    assert "opened 1 Dec 2026" in seen["told"][0]["text"]


def test_what_happened_names_reason_outcome_and_what_was_passed_on() -> None:
    items = [
        item("declined", 2, reason_code="no_capacity"),
        item("completed", 3, outcome_code="enrolled", reference="KUO-AAAA-22", side=None),
    ]
    newest, oldest = shown(items, NAMES, "KUO-7F3K-92", {})
    assert newest["detail"] == "Passed on as KUO-AAAA-22. The client was enrolled"
    assert (oldest["detail"], oldest["who"]) == ("No room for another client", "Business Kuopio")


def test_an_event_that_a_newer_api_tells_of_is_shown_by_its_code() -> None:
    [event] = shown([item("teleported", 2)], NAMES, "KUO-7F3K-92", {})
    assert (event["title"], event["icon"]) == ("teleported", "information")


def test_what_changed_since_a_version_is_told_without_messages() -> None:
    items = [item("sent", 1), item("first_viewed", 2), item("message_sent", 2), item("accepted", 3)]
    assert [each["title"] for each in changes_since(items, NAMES, "KUO-7F3K-92", 1)] == [
        "Opened for the first time",
        "Accepted",
    ]


def test_a_step_is_known_again_by_who_took_it_on_which_version() -> None:
    close = next(step for step in STEPS if step.command == "close")
    done = item("closed", 4, member_id="m1")
    assert was_taken(close, [done], "m1", 3)
    assert not was_taken(close, [done], "m1", 2)
    assert not was_taken(close, [done], "m2", 3)
    assert not was_taken(close, [item("cancelled", 4, member_id="m1")], "m1", 3)


def test_of_what_others_have_seen_the_last_time_of_each_kind_is_told() -> None:
    def seen(organization: str, what: str, last_at: str) -> JSON:
        return {"organization": {"id": organization}, "what": what, "last_at": last_at}

    rows = [seen("own", "client", "1"), seen("o", "client", "1"), seen("o", "client", "3"), seen("o", "messages", "2")]
    assert [(each["what"], each["last_at"]) for each in others_who_saw(rows, "own")] == [
        ("client", "3"),
        ("messages", "2"),
    ]


def test_addresses_of_lists_leave_out_what_asks_for_nothing() -> None:
    query = {"queue": "", "status": ["draft", "requested"], "sort": "sent_at", "reference": ""}
    assert address("/referrals", query) == "/referrals?status=draft&status=requested&sort=sent_at"
    assert address("/referrals", query, status=[], sort=None) == "/referrals"
    assert cursor_in("/api/referral/referrals?box=sent&after=abc&limit=25") == "abc"
    assert cursor_in(None) is None


def test_a_draft_that_was_kept_many_times_is_one_line_for_each_who_wrote() -> None:
    written = [
        {**item("created", 1), "member_id": "m1"},
        *({**item("edited", version), "member_id": "m1"} for version in (2, 3, 4)),
        *({**item("edited", version), "member_id": "m2"} for version in (5, 6)),
        {**item("sent", 7), "member_id": "m2"},
    ]
    names = Names("en", "source", NAMES.organizations, {"m1": "one@n.example", "m2": "two@n.example"})
    lines = [(each["title"], each["who"], each["iso"]) for each in shown(written, names, "KUO-1", {})]
    assert [who for title, who, _ in lines if title == "Draft changed"] == ["two@n.example", "one@n.example"]
    assert [iso for title, _, iso in lines if title == "Draft changed"] == [written[5]["at"], written[3]["at"]]


@pytest.mark.parametrize(("language", "said"), [("fi", "3.11.2026"), ("sv", "3 nov. 2026"), ("uk", "03.11.2026")])
def test_a_day_is_written_as_people_write_it_and_ends_no_sentence(language: str, said: str) -> None:
    assert texts.day("2026-11-03", language) == said
