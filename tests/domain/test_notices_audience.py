"""Who is told what, and who stands in for whom."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.notifications.domain.audience import (
    AUDIENCE,
    FIRST,
    HEARD,
    NOBODY,
    SOURCE_SIDE,
    STALLED,
    TARGET_SIDE,
    Parts,
    audience,
)
from services.notifications.domain.people import coordinators, heirs, members_told
from services.notifications.domain.retries import MAX_ATTEMPTS, next_attempt
from shared.consuming.deputies import UnknownMember
from shared.events import EVENT_TYPES
from shared.events.referral import EVENTS, ReferralState, ServiceFacts, Side

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SOURCE, TARGET, ELSEWHERE = uuid4(), uuid4(), uuid4()


@dataclass(frozen=True)
class Colleague:
    """A member of staff as the rules see one."""

    organization_id: UUID
    roles: tuple[str, ...] = ("adviser",)
    active: bool = True
    deputy_id: UUID | None = None
    id: UUID = field(default_factory=uuid4)


def left(colleague: Colleague, deputy: Colleague | None = None) -> Colleague:
    return replace(colleague, active=False, deputy_id=deputy.id if deputy else None)


def known(*people: Colleague) -> dict[UUID, Colleague]:
    return {person.id: person for person in people}


def referral(
    adviser: Colleague, *desk: Colleague, assigned: Colleague | None = None, sent: bool = True
) -> ReferralState:
    return ReferralState(
        id=uuid4(),
        reference="KUO-7F3K-92",
        status="requested",
        version=2,
        urgency="routine",
        language="fi",
        service_id=uuid4(),
        source_organization_id=SOURCE,
        source_member_id=adviser.id,
        target_organization_id=TARGET,
        assigned_member_id=assigned.id if assigned else None,
        desk_member_ids=tuple(person.id for person in desk),
        created_at=NOW,
        sent_at=NOW if sent else None,
    )


ADVISER = Colleague(SOURCE)
COLLEAGUE = Colleague(SOURCE)
DESK = Colleague(TARGET, ("recipient",))
SECOND_DESK = Colleague(TARGET, ("recipient",))
HANDLER = Colleague(TARGET)


def test_every_event_of_a_referral_is_decided() -> None:
    assert set(AUDIENCE) == {name for name, model in EVENTS.items() if model is not ServiceFacts}
    assert set(HEARD) < set(EVENT_TYPES)


@pytest.mark.parametrize(
    ("event", "by_side", "told"),
    [
        ("created", "source", NOBODY),
        ("edited", "source", NOBODY),
        ("sent", "source", TARGET_SIDE),
        ("first_viewed", "target", SOURCE_SIDE),
        ("accepted", "target", SOURCE_SIDE),
        ("declined", "target", SOURCE_SIDE),
        ("started", "target", SOURCE_SIDE),
        ("held", "target", SOURCE_SIDE),
        ("resumed", "target", SOURCE_SIDE),
        ("completed", "target", SOURCE_SIDE),
        ("failed", "target", SOURCE_SIDE),
        ("cancelled", "source", TARGET_SIDE),
        ("cancelled", "target", SOURCE_SIDE),
        ("cancelled", None, TARGET_SIDE | SOURCE_SIDE),
        ("consent_withdrawn", "source", TARGET_SIDE),
        ("marked_in_error", "source", TARGET_SIDE),
        ("answer_seen", "source", NOBODY),
        ("followed", "source", NOBODY),
        ("closed", "source", NOBODY),
        ("handed_over", "source", SOURCE_SIDE),
        ("handed_over", "target", TARGET_SIDE),
        ("assigned", "target", frozenset({"assigned", "formerly_assigned"})),
        ("message_sent", "source", TARGET_SIDE),
        ("message_sent", "target", SOURCE_SIDE),
        ("due_soon", None, TARGET_SIDE),
        ("overdue", None, TARGET_SIDE),
        ("overdue_again", None, STALLED),
        ("expired", None, SOURCE_SIDE),
        ("not_started", None, STALLED),
        ("no_news", None, STALLED),
    ],
)
def test_the_other_side_is_told(event: str, by_side: Side | None, told: Parts) -> None:
    assert audience(f"referral.{event}.v1", referral(ADVISER, DESK), by_side) == told


@pytest.mark.parametrize(
    ("event", "by_side", "told"),
    [
        ("sent", "source", TARGET_SIDE),
        ("first_viewed", "target", SOURCE_SIDE | FIRST),
        ("declined", "target", SOURCE_SIDE | FIRST),
        ("completed", "target", SOURCE_SIDE | FIRST),
        ("cancelled", "source", TARGET_SIDE | FIRST),
        ("consent_withdrawn", "source", TARGET_SIDE | FIRST),
        ("consent_withdrawn", None, TARGET_SIDE | SOURCE_SIDE | FIRST),
        ("marked_in_error", "source", TARGET_SIDE | FIRST),
        ("marked_in_error", None, TARGET_SIDE | SOURCE_SIDE | FIRST),
        ("forwarded", "target", SOURCE_SIDE | FIRST),
        ("message_sent", "target", SOURCE_SIDE),
        ("handed_over", "source", SOURCE_SIDE),
    ],
)
def test_of_a_child_whoever_began_the_chain_is_told_what_becomes_of_it(event: str, by_side: Side, told: Parts) -> None:
    assert audience(f"referral.{event}.v1", child_of(ADVISER, DESK), by_side) == told


def child_of(adviser: Colleague, first: Colleague) -> ReferralState:
    """A referral that `adviser` passed on in a chain that `first`, of the target's organisation here, has begun."""
    beginning = {"root_id": uuid4(), "first_source_organization_id": TARGET, "first_source_member_id": first.id}
    return referral(adviser, DESK).model_copy(update={"parent_id": uuid4(), **beginning})


def test_the_first_adviser_is_told_or_the_heir() -> None:
    state = child_of(ADVISER, HANDLER)
    assert members_told(FIRST, state, known(ADVISER, DESK, HANDLER)) == {HANDLER.id}
    heir = Colleague(TARGET)
    assert members_told(FIRST, state, known(ADVISER, DESK, left(HANDLER, heir), heir)) == {heir.id}
    with pytest.raises(UnknownMember):
        members_told(FIRST, state, known(ADVISER, DESK))
    elsewhere = Colleague(ELSEWHERE)
    assert members_told(FIRST, child_of(ADVISER, elsewhere), known(ADVISER, elsewhere)) == frozenset()


def test_what_a_desk_passed_on_stays_with_the_desk_when_somebody_leaves() -> None:
    receives = Colleague(SOURCE, ("recipient",))
    people = known(left(ADVISER, receives), receives, COLLEAGUE)
    assert members_told(SOURCE_SIDE, child_of(ADVISER, HANDLER), people) == {receives.id}


@pytest.mark.parametrize("event_type", sorted(AUDIENCE))
@pytest.mark.parametrize("by_side", ["source", "target", None])
def test_nobody_is_told_of_a_draft_that_was_never_sent(event_type: str, by_side: Side | None) -> None:
    assert audience(event_type, referral(ADVISER, DESK, sent=False), by_side) == NOBODY


def test_the_desk_and_the_assigned_member_are_each_told_once() -> None:
    people = known(ADVISER, DESK, SECOND_DESK, HANDLER)
    told = members_told(TARGET_SIDE, referral(ADVISER, DESK, SECOND_DESK, assigned=HANDLER), people)
    assert told == {DESK.id, SECOND_DESK.id, HANDLER.id}
    assert members_told(TARGET_SIDE, referral(ADVISER, DESK, assigned=DESK), known(ADVISER, DESK)) == {DESK.id}


def test_active_coordinators_are_told_of_what_stalls_whatever_their_organisation() -> None:
    here, there, gone = (Colleague(place, ("coordinator",)) for place in (TARGET, ELSEWHERE, ELSEWHERE))
    assert coordinators(known(ADVISER, DESK, here, there, left(gone))) == {here.id, there.id}


def test_who_joined_the_desk_later_is_told_and_who_gave_it_up_is_not() -> None:
    gave_it_up = Colleague(TARGET, ("adviser",))
    told = members_told(frozenset({"desk"}), referral(ADVISER, gave_it_up), known(ADVISER, gave_it_up, DESK))
    assert told == {DESK.id}


def test_a_desk_that_all_have_left_is_told_through_the_organisations_advisers() -> None:
    people = known(ADVISER, left(DESK), HANDLER)
    assert members_told(frozenset({"desk"}), referral(ADVISER, DESK), people) == {HANDLER.id}


def test_a_desk_member_who_left_is_replaced_by_a_deputy_who_may_open_it() -> None:
    people = known(ADVISER, left(DESK, SECOND_DESK), SECOND_DESK, HANDLER)
    assert members_told(frozenset({"desk"}), referral(ADVISER, DESK), people) == {SECOND_DESK.id}
    assert heirs(people[DESK.id], "target", people) == {SECOND_DESK.id}


@pytest.mark.parametrize("parts", [frozenset({"desk"}), frozenset({"assigned"}), TARGET_SIDE])
def test_a_deputy_who_receives_no_referrals_stands_in_for_nobody_of_the_desk(parts: Parts) -> None:
    people = known(ADVISER, left(DESK, HANDLER), SECOND_DESK, HANDLER)
    told = members_told(parts, referral(ADVISER, DESK, assigned=DESK), people)
    assert told == ({SECOND_DESK.id} if "desk" in parts else frozenset())
    assert heirs(people[DESK.id], "target", people) == {SECOND_DESK.id}


def test_a_deputy_who_makes_no_referrals_stands_in_for_no_source_adviser() -> None:
    receives_only = Colleague(SOURCE, ("recipient",))
    people = known(left(ADVISER, receives_only), receives_only, COLLEAGUE)
    assert members_told(SOURCE_SIDE, referral(ADVISER), people) == {COLLEAGUE.id}


def test_the_deputy_of_the_desk_is_waited_for() -> None:
    people = known(ADVISER, left(DESK, SECOND_DESK), HANDLER)
    with pytest.raises(UnknownMember) as unknown:
        members_told(frozenset({"desk"}), referral(ADVISER, DESK), people)
    assert unknown.value.member_id == SECOND_DESK.id


def test_nobody_of_another_organisation_is_told_whatever_the_event_says() -> None:
    stranger = Colleague(ELSEWHERE, ("adviser", "recipient"))
    people = known(stranger, DESK)
    told = members_told(TARGET_SIDE | SOURCE_SIDE, referral(stranger, DESK, stranger, assigned=stranger), people)
    assert told == {DESK.id}


def test_an_adviser_who_left_is_replaced_by_the_named_deputy() -> None:
    people = known(left(ADVISER, COLLEAGUE), COLLEAGUE, Colleague(SOURCE))
    assert members_told(SOURCE_SIDE, referral(ADVISER), people) == {COLLEAGUE.id}


def test_deputies_of_deputies_are_followed() -> None:
    last = Colleague(SOURCE)
    people = known(left(ADVISER, COLLEAGUE), left(COLLEAGUE, last), last)
    assert heirs(people[ADVISER.id], "source", people) == {last.id}


def test_without_a_deputy_all_advisers_of_the_organisation_are_told() -> None:
    others = [Colleague(SOURCE), Colleague(SOURCE)]
    outsiders = [left(Colleague(SOURCE)), Colleague(SOURCE, ("coordinator",)), Colleague(TARGET)]
    people = known(left(ADVISER), *others, *outsiders)
    assert heirs(people[ADVISER.id], "source", people) == {person.id for person in others}


def test_a_circle_of_deputies_ends_with_all_advisers() -> None:
    third = Colleague(SOURCE)
    people = known(left(ADVISER, COLLEAGUE), left(COLLEAGUE, ADVISER), third)
    assert heirs(people[ADVISER.id], "source", people) == {third.id}


def test_a_deputy_in_another_organisation_does_not_count() -> None:
    stranger = Colleague(ELSEWHERE)
    people = known(left(ADVISER, stranger), stranger, COLLEAGUE)
    assert heirs(people[ADVISER.id], "source", people) == {COLLEAGUE.id}


def test_an_organisation_without_advisers_is_told_through_its_recipients() -> None:
    receives_only = Colleague(SOURCE, ("recipient",))
    people = known(left(ADVISER), receives_only)
    assert heirs(people[ADVISER.id], "source", people) == {receives_only.id}


def test_without_a_deputy_the_rest_of_the_desk_is_told_and_without_a_desk_the_advisers() -> None:
    people = known(left(DESK), SECOND_DESK, HANDLER)
    assert heirs(people[DESK.id], "target", people) == {SECOND_DESK.id}
    people = known(left(DESK), HANDLER)
    assert heirs(people[DESK.id], "target", people) == {HANDLER.id}


@pytest.mark.parametrize(
    "people", [known(DESK), known(left(ADVISER, COLLEAGUE), DESK)], ids=["the adviser", "the deputy"]
)
def test_somebody_not_known_yet_is_waited_for(people: dict[UUID, Colleague]) -> None:
    with pytest.raises(UnknownMember) as unknown:
        members_told(SOURCE_SIDE, referral(ADVISER), people)
    assert unknown.value.member_id not in people


def test_attempts_grow_rarer_and_end() -> None:
    waits = []
    for attempt in range(1, MAX_ATTEMPTS):
        again_at = next_attempt(attempt, NOW)
        assert again_at is not None
        waits.append(again_at - NOW)
    assert waits == sorted(set(waits))
    assert next_attempt(MAX_ATTEMPTS, NOW) is None
    assert MAX_ATTEMPTS == 8
    assert timedelta(hours=24) < sum(waits, timedelta()) < timedelta(hours=48)
