"""Rules of the catalogue: slugs, who may change what, what accepts referrals, closures, aliases, deputies."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import product
from typing import get_args
from uuid import UUID, uuid4

import pytest

from services.catalog.api.dependencies import (
    require_administrator,
    require_may_give,
    require_platform_administrator,
    require_some_administrator,
)
from services.catalog.domain.members import Caller, check_deputy, may_administer_platform
from services.catalog.domain.names import LONGEST_SLUG, check_slug, renamed
from services.catalog.domain.organizations import check_closures, check_platform_slug, may_be_deactivated
from services.catalog.domain.refusals import RuleBroken
from services.catalog.domain.services import (
    CAPACITY_STATUSES,
    SERVICE_STATUSES,
    Situation,
    accepting,
    check_capacity,
    obstacles,
)
from shared.clock import day_in_kuopio
from shared.events.catalog import CapacityStatus, ServiceStatus
from shared.problems import Problem

HERE, THERE = uuid4(), uuid4()


@pytest.mark.parametrize("slug", ["kuopio", "business-kuopio", "24-7", "a" * LONGEST_SLUG])
def test_a_slug_is_taken_as_it_is(slug: str) -> None:
    assert check_slug(slug) == slug


@pytest.mark.parametrize(
    "slug",
    [
        "",
        "Kuopio",
        "työ",
        "a--b",
        "-a",
        "a-",
        "a b",
        "a/b",
        "a_b",
        "a\n",
        "a" * (LONGEST_SLUG + 1),
        "5b0e1d3c-6f0a-4a57-9d2e-3c1f8a7b6e54",
    ],
)
def test_what_is_no_slug_is_refused(slug: str) -> None:
    with pytest.raises(RuleBroken, match="slug"):
        check_slug(slug)


@pytest.mark.parametrize(("slug", "new_slug"), [("luotsi", "other"), ("other", "luotsi")])
def test_the_platforms_own_slug_stays_where_it_is(slug: str, new_slug: str) -> None:
    with pytest.raises(RuleBroken):
        check_platform_slug(slug, new_slug)


def test_the_platforms_own_organisation_stays_active() -> None:
    assert not may_be_deactivated("luotsi")


def test_other_organisations_may_be_renamed_and_closed_down() -> None:
    check_platform_slug("other", "another")
    assert may_be_deactivated("other")
    check_platform_slug("luotsi", "luotsi")


@contextmanager
def refused() -> Iterator[None]:
    """The block raises 403."""
    with pytest.raises(Problem) as problem:
        yield
    assert problem.value.status == 403


@pytest.mark.parametrize("role", ["adviser", "recipient", "coordinator"])
def test_only_administrators_change_their_organisation(role: str) -> None:
    caller = Caller(HERE, frozenset({role}), is_platform_admin=False)
    with refused():
        require_administrator(caller, HERE)
    with refused():
        require_some_administrator(caller)


def test_an_administrator_changes_its_own_organisation_only() -> None:
    caller = Caller(HERE, frozenset({"admin"}), is_platform_admin=False)
    require_administrator(caller, HERE)
    require_some_administrator(caller)
    with refused():
        require_administrator(caller, THERE)
    with refused():
        require_platform_administrator(caller)


def test_an_administrator_of_the_platform_changes_any() -> None:
    caller = Caller(HERE, frozenset({"admin"}), is_platform_admin=True)
    require_administrator(caller, THERE)
    require_platform_administrator(caller)
    require_may_give(caller, (), ["coordinator"])


@pytest.mark.parametrize(
    ("slug", "roles", "may"),
    [("luotsi", ["admin"], True), ("luotsi", ["adviser"], False), ("kuopio", ["admin", "coordinator"], False)],
)
def test_the_platform_is_administered_by_administrators_of_its_own_organisation(
    slug: str, roles: list[str], may: bool
) -> None:
    assert may_administer_platform(slug, roles) is may


def test_an_organisation_cannot_make_its_own_coordinators_but_keep_them() -> None:
    caller = Caller(HERE, frozenset({"admin"}), is_platform_admin=False)
    with refused():
        require_may_give(caller, ["adviser"], ["adviser", "coordinator"])
    require_may_give(caller, ["coordinator"], ["coordinator", "adviser"])
    require_may_give(caller, ["coordinator"], ["adviser"])


def test_a_service_accepts_exactly_when_nothing_stands_in_the_way() -> None:
    for active, status, capacity, closed, desk in product(
        (True, False), SERVICE_STATUSES, CAPACITY_STATUSES, (True, False), (True, False)
    ):
        situation = Situation(active, status, capacity, closed, desk)
        expected = active and status == "active" and capacity != "no-capacity" and not closed and desk
        assert accepting(situation) is expected, situation
        assert bool(obstacles(situation)) is not expected


def test_each_obstacle_is_named() -> None:
    assert obstacles(Situation(False, "inactive", "no-capacity", True, False)) == (
        "organization_inactive",
        "service_not_active",
        "no_capacity",
        "closed_today",
        "no_desk",
    )


def test_the_statuses_are_those_of_the_event_contract() -> None:
    assert get_args(ServiceStatus) == SERVICE_STATUSES
    assert get_args(CapacityStatus) == CAPACITY_STATUSES


def test_the_day_is_the_one_in_finland() -> None:
    assert day_in_kuopio(datetime(2026, 6, 1, 20, 59, tzinfo=UTC)) == date(2026, 6, 1)
    assert day_in_kuopio(datetime(2026, 6, 1, 21, 0, tzinfo=UTC)) == date(2026, 6, 2)
    assert day_in_kuopio(datetime(2026, 12, 31, 22, 0, tzinfo=UTC)) == date(2027, 1, 1)


@pytest.mark.parametrize(("status", "available"), [("no-capacity", 1), ("capacity", 0)])
def test_places_do_not_contradict_the_status(status: str, available: int) -> None:
    with pytest.raises(RuleBroken):
        check_capacity(status, available)


@pytest.mark.parametrize(
    ("status", "available"),
    [("capacity", None), ("capacity", 4), ("no-capacity", 0), ("no-capacity", None), ("waitlist", 0), ("waitlist", 2)],
)
def test_places_that_fit_the_status_are_taken(status: str, available: int | None) -> None:
    check_capacity(status, available)


def test_closures_end_after_they_start_and_do_not_overlap() -> None:
    check_closures([])
    check_closures([(date(2026, 12, 24), date(2026, 12, 26)), (date(2026, 7, 1), date(2026, 7, 1))])
    with pytest.raises(RuleBroken) as wrong:
        check_closures([(date(2026, 7, 1), date(2026, 7, 2)), (date(2026, 12, 26), date(2026, 12, 24))])
    assert wrong.value.field == "closures.1.ends_on"
    with pytest.raises(RuleBroken, match="overlap"):
        check_closures([(date(2026, 12, 24), date(2026, 12, 26)), (date(2026, 12, 26), date(2026, 12, 31))])


def test_a_name_that_is_gone_is_a_renaming_a_new_translation_is_none() -> None:
    before = {"fi": "ELY-keskus", "sv": "NTM-centralen"}
    assert not renamed(before, {**before, "en": "ELY Centre"})
    assert renamed(before, {**before, "fi": "Elinvoimakeskus"})
    assert renamed(before, {"fi": "ELY-keskus"})


@dataclass(frozen=True)
class Person:
    """A member of staff, as far as the rules look at it."""

    id: UUID
    deputy_id: UUID | None = None
    organization_id: UUID = HERE
    active: bool = True
    roles: tuple[str, ...] = ("adviser",)


def known(*people: Person) -> dict[UUID, Person]:
    return {person.id: person for person in people}


def test_a_deputy_is_an_active_colleague() -> None:
    me, other = Person(uuid4()), Person(uuid4())
    check_deputy(me, other.id, known(me, other))
    with pytest.raises(RuleBroken, match="own deputy"):
        check_deputy(me, me.id, known(me))
    with pytest.raises(RuleBroken, match="active member"):
        check_deputy(me, other.id, known(me))
    with pytest.raises(RuleBroken, match="active member"):
        check_deputy(me, other.id, known(me, replace(other, active=False)))
    with pytest.raises(RuleBroken, match="active member"):
        check_deputy(me, other.id, known(me, replace(other, organization_id=THERE)))


@pytest.mark.parametrize(
    ("mine", "theirs", "lacking"),
    [
        (("recipient",), ("adviser",), "role recipient"),
        (("adviser",), ("recipient", "admin"), "role adviser"),
        (("adviser", "recipient"), ("recipient",), "role adviser"),
        (("adviser", "recipient", "admin"), ("coordinator",), "role adviser and recipient"),
    ],
)
def test_a_deputy_without_the_roles_of_the_member_could_not_act(
    mine: tuple[str, ...], theirs: tuple[str, ...], lacking: str
) -> None:
    me, other = Person(uuid4(), roles=mine), Person(uuid4(), roles=theirs)
    with pytest.raises(RuleBroken, match=lacking):
        check_deputy(me, other.id, known(me, other))


def test_a_deputy_needs_no_role_that_opens_no_referrals_and_may_have_more() -> None:
    me = Person(uuid4(), roles=("recipient", "coordinator", "admin"))
    other = Person(uuid4(), roles=("adviser", "recipient"))
    check_deputy(me, other.id, known(me, other))


def test_deputies_never_stand_in_for_each_other_in_a_circle() -> None:
    me, second, third, stranger = uuid4(), uuid4(), uuid4(), uuid4()
    check_deputy(Person(me), second, known(Person(second, third), Person(third)))
    check_deputy(Person(me), second, known(Person(second, third), Person(third, stranger)))
    with pytest.raises(RuleBroken, match="circle"):
        check_deputy(Person(me), second, known(Person(second, third), Person(third, me)))


def test_a_circle_of_others_is_walked_once() -> None:
    me, second, third = uuid4(), uuid4(), uuid4()
    check_deputy(Person(me), second, known(Person(second, third), Person(third, second)))
