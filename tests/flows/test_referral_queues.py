"""Lists of referrals: filters, orders, pages that go on in them, and the numbers of the queues."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.referral.domain.attention import Attention
from services.referral.domain.lifecycle import Side, Status
from services.referral.domain.queues import MOST_COUNTED, QUEUES, queues_of
from services.referral.domain.referral_filter import DueWhen, ReferralFilter
from services.referral.queries.ordering import Sort
from services.referral.tables import Referral
from tests.builders import Someone, Town, small_town
from tests.flows.queues_filled import NOW, filled
from tests.platform import Platform
from tests.referring import at_work, problem, sent_referral

JSON = dict[str, Any]
SECOND = timedelta(seconds=1)
FILTERS: dict[str, ReferralFilter] = {
    "all": ReferralFilter(),
    "sent": ReferralFilter(Side.SOURCE),
    "received": ReferralFilter(Side.TARGET),
    "some statuses": ReferralFilter(statuses=(Status.REQUESTED, Status.REJECTED)),
    "open": ReferralFilter(only_open=True),
    "done": ReferralFilter(only_open=False),
    "assigned to nobody": ReferralFilter(assigned="none"),
    "sent and assigned": ReferralFilter(Side.SOURCE, assigned="me"),
    "not closed": ReferralFilter(attention=Attention.NOT_CLOSED),
    "unseen answers": ReferralFilter(unseen_answers=True),
    "no unseen answers": ReferralFilter(unseen_answers=False),
    "unread messages": ReferralFilter(unread_messages=True),
    "no unread messages": ReferralFilter(unread_messages=False),
    "due soon": ReferralFilter(due=DueWhen.SOON),
    "overdue": ReferralFilter(due=DueWhen.OVERDUE),
    "expired": ReferralFilter(business_status="expired"),
    "unassigned and overdue": ReferralFilter(assigned="none", due=DueWhen.OVERDUE),
} | {f"queue {queue.filter.box} {queue.name}": queue.filter for queue in QUEUES}


async def callers(platform: Platform, town: Town) -> list[Someone]:
    """An adviser, a desk that has sent only what it passed on, and somebody who is both."""
    both = await town.facts.member("both@businesskuopio.example", town.business, "adviser", "recipient")
    await platform.settle()
    return [town.adviser, town.desk, both, town.bystander]


async def walked(client: httpx2.AsyncClient, path: str) -> list[JSON]:
    """All of a list, page by page."""
    rows: list[JSON] = []
    following: str | None = path
    while following:
        answer = await client.get(following)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        rows += page["contents"]
        following = page["next"]
    return rows


def ids(rows: Sequence[JSON] | Sequence[Referral]) -> list[str]:
    return [str(row["id"] if isinstance(row, dict) else row.id) for row in rows]


def in_order(rows: list[Referral], sort: Sort) -> list[Referral]:
    """By the moment, then by id; without the moment last, whichever the direction."""
    backwards = sort.startswith("-")
    has = [row for row in rows if getattr(row, sort.field) is not None]
    lacks = [row for row in rows if getattr(row, sort.field) is None]
    key: Callable[[Referral], Any] = lambda row: (getattr(row, sort.field), row.id)  # noqa: E731
    return sorted(has, key=key, reverse=backwards) + sorted(lacks, key=lambda row: row.id, reverse=backwards)


async def test_every_filter_holds_what_the_rules_say(platform: Platform) -> None:
    town = await small_town(platform)
    people = await callers(platform, town)
    world = await filled(platform, town, 250)
    found = dict.fromkeys(FILTERS, 0)
    for who in people:
        client = platform.client("referral", who)
        for name, wanted in FILTERS.items():
            expected = ids(world.listed(who, wanted))
            rows = await walked(client, f"/referrals?{urlencode([*wanted.query(), ('limit', '29')])}")
            assert ids(rows) == expected, (who.email, name)
            found[name] += len(expected)
    assert [name for name, number in found.items() if not number] == ["sent and assigned"]


@pytest.mark.parametrize("sort", list(Sort))
async def test_every_order_goes_on_from_page_to_page(platform: Platform, sort: Sort) -> None:
    town = await small_town(platform)
    people = await callers(platform, town)
    world = await filled(platform, town, 100, seed=1)
    lists = ("all", "sent", "received", "open", "unread messages", "overdue")
    for who in people:
        for wanted in (FILTERS[name] for name in lists):
            expected = ids(in_order(world.listed(who, wanted), sort))
            query = urlencode([*wanted.query(), ("sort", sort), ("limit", "9")])
            rows = await walked(platform.client("referral", who), f"/referrals?{query}")
            assert ids(rows) == expected, (who.email, wanted)


@pytest.mark.parametrize("seed", [0, 1])
async def test_each_number_is_the_length_of_the_list_beside_it(platform: Platform, seed: int) -> None:
    town = await small_town(platform)
    people = await callers(platform, town)
    world = await filled(platform, town, 200, seed)
    for who in people:
        client = platform.client("referral", who)
        counted = (await client.get("/referrals/counts")).json()["contents"]
        assert [(row["box"], row["queue"]) for row in counted] == [
            ("sent" if queue.filter.box is Side.SOURCE else "received", queue.name)
            for queue in queues_of(frozenset(who.roles))
        ]
        for row, queue in zip(counted, queues_of(frozenset(who.roles)), strict=True):
            rows = await walked(client, row["list"])
            assert (row["count"], row["more"]) == (len(rows), False), row
            assert ids(rows) == ids(world.listed(who, queue.filter)), row
    assert (await platform.client("referral", town.coordinator).get("/referrals/counts")).json() == {"contents": []}


async def test_a_queue_beyond_a_thousand_is_said_to_be_longer(platform: Platform) -> None:
    town = await small_town(platform)
    world = await filled(platform, town, 1)
    (row,) = world.referrals
    drafts = {"status": "draft", "source_organization_id": town.navigaattori, "sent_at": None, "closed_at": None}
    for more, length in ((False, MOST_COUNTED), (True, 1)):
        async with platform.databases["referral"].transaction() as tx:
            for number in range(length):
                another = {"id": uuid4(), "reference": f"{more}{number}"}
                whole = Referral(**{**row.model_dump(), **drafts, **another, "root_id": another["id"], **NO_CHAIN})
                tx.insert(whole)
        counted = (await at_work(platform, town.adviser).client.get("/referrals/counts")).json()["contents"]
        (shown,) = [each for each in counted if each["queue"] == "drafts"]
        assert (shown["count"], shown["more"]) == (MOST_COUNTED, more)


NO_CHAIN: JSON = {
    "parent_id": None,
    "chain_depth": 1,
    "root_reference": None,
    "first_source_organization_id": None,
    "first_source_member_id": None,
}


async def test_a_cursor_goes_on_in_its_own_list_alone(platform: Platform) -> None:
    town = await small_town(platform)
    await filled(platform, town, 60)
    client = at_work(platform, town.adviser).client
    first = (await client.get("/referrals?status=requested&status=draft&sort=sent_at&limit=1")).json()
    cursor = httpx2.URL(first["next"]).params["after"]
    same = f"/referrals?limit=5&sort=sent_at&status=draft&status=requested&status=draft&after={cursor}"
    assert (await client.get(same)).status_code == 200, "the same list, however it is asked for"
    for other in (
        "",
        "sort=-sent_at",
        "sort=sent_at",
        "sort=sent_at&status=draft",
        "sort=sent_at&box=sent",
        "due=soon",
    ):
        body = problem(await client.get(f"/referrals?{other}&after={cursor}"), 422, "invalid")
        assert body["errors"] == [
            {"field": "query.after", "message": "belongs to a list with other filters or another order"}
        ]
        assert "`next`" in body["detail"]


@pytest.mark.parametrize(
    "cursor",
    ["5b0e1d3c-6f0a-4a57-9d2e-3c1f8a7b6e54", "x", "A" * 46, "A" * 44, "ä", "%00", "____" * 11, "=" * 44, "z" * 44],
)
async def test_what_is_no_cursor_is_refused(platform: Platform, cursor: str) -> None:
    town = await small_town(platform)
    answer = await at_work(platform, town.adviser).client.get("/referrals", params={"after": cursor})
    assert problem(answer, 422, "invalid")["errors"][0]["field"] == "query.after"


async def test_a_page_goes_on_though_things_change_meanwhile(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    for _ in range(4):
        await sent_referral(platform, town)
    whole = await walked(adviser.client, "/referrals?sort=respond_by")
    first = (await adviser.client.get("/referrals?sort=respond_by&limit=2")).json()
    await sent_referral(platform, town)
    await adviser.done("cancel", await adviser.read(whole[0]["id"]), {"reason": {"code": "other", "text": "x"}})
    rest = await walked(adviser.client, first["next"])
    assert ids(rest)[:2] == ids(whole)[2:]


@pytest.mark.parametrize(
    "typed",
    [
        "{}",
        "{:l}",
        " {:s} ",
        "{:n}",
        "{:p}",
        "KU0{:n}",
        "kuo\u2013{:p}",
        "\uff2b\uff35\uff2f {:p}",
        "#{:l}",
    ],
)
async def test_a_reference_is_found_as_people_type_it(platform: Platform, typed: str) -> None:
    town = await small_town(platform)
    referral = await sent_referral(platform, town)
    await sent_referral(platform, town)
    for who in (town.adviser, town.desk):
        found = await at_work(platform, who).client.get(
            "/referrals", params={"reference": typed.format(Typed(referral["reference"]))}
        )
        assert ids(found.json()["contents"]) == [referral["id"]], found.text
    other = await at_work(platform, town.bystander).client.get(f"/referrals?reference={referral['reference']}")
    assert other.json()["contents"] == []


class Typed(str):
    """A reference in other spellings: small letters, spaces, none of either, without its first part."""

    def __format__(self, how: str) -> str:
        plain = self.removeprefix("KUO-")
        spellings = {"l": self.lower(), "s": self.replace("-", " "), "n": plain.replace("-", ""), "p": plain}
        return spellings.get(how, str(self))


@pytest.mark.parametrize("typed", ["KUO-7F3K-93", "7F3K9", "KUO-7F3K-9O", "KUO", "what", "KUO-7F3K-921", "KUO-7F3K-9Ж"])
async def test_a_slip_in_a_reference_is_told(platform: Platform, typed: str) -> None:
    town = await small_town(platform)
    answer = await at_work(platform, town.adviser).client.get("/referrals", params={"reference": typed})
    body = problem(answer, 422, "invalid")
    assert body["errors"][0]["field"] == "query.reference"
    assert "look for a slip" in body["errors"][0]["message"]


async def test_due_is_what_the_reminder_and_the_deadline_say(platform: Platform) -> None:
    """Soon from the moment of the reminder on, until the deadline; a closure that moves both moves this too."""
    town = await small_town(platform)
    platform.clock.set(NOW)
    referral = await sent_referral(platform, town)
    desk = at_work(platform, town.desk)
    reminder = await platform.scalar("referral", "SELECT due_at FROM timers WHERE kind = 'due_soon'")
    deadline = await platform.scalar("referral", "SELECT respond_by FROM referrals")

    async def due() -> tuple[list[str], list[str]]:
        lists = [(await desk.client.get(f"/referrals?due={when}")).json()["contents"] for when in DueWhen]
        return ids(lists[0]), ids(lists[1])

    for moment, expected in (
        (reminder - SECOND, ([], [])),
        (reminder, ([referral["id"]], [])),
        (deadline - SECOND, ([referral["id"]], [])),
        (deadline, ([], [referral["id"]])),
    ):
        platform.clock.set(moment)
        assert await due() == expected, moment
    await desk.done("accept", await desk.read(referral["id"]))
    assert await due() == ([], [])


async def test_assigned_names_a_member_oneself_or_nobody(platform: Platform) -> None:
    town = await small_town(platform)
    desk, adviser = at_work(platform, town.desk), at_work(platform, town.adviser)
    mine, free = [await sent_referral(platform, town) for _ in range(2)]
    seen = await desk.read(mine["id"])
    await desk.done("assign", seen, {"member_id": str(town.desk.id)})
    for value, expected in (
        ("me", [mine]),
        (town.desk.id, [mine]),
        ("none", [free]),
        ("nobody", [free]),
        (town.colleague.id, []),
        (uuid4(), []),
    ):
        rows = (await desk.client.get(f"/referrals?assigned={value}")).json()["contents"]
        assert ids(rows) == ids(expected), value
        assert (await adviser.client.get(f"/referrals?assigned={value}")).json()["contents"] == []
    problem(await desk.client.get("/referrals?assigned=somebody"), 422, "invalid")


@pytest.mark.parametrize(
    "query", ["due=late", "sort=id", "sort=--sent_at", "unseen_answers=perhaps", "business_status=x"]
)
async def test_a_parameter_that_is_none_is_told(platform: Platform, query: str) -> None:
    town = await small_town(platform)
    body = problem(await at_work(platform, town.adviser).client.get(f"/referrals?{query}"), 422, "invalid")
    assert body["errors"][0]["field"].startswith(f"query.{query.partition('=')[0]}")


filters = st.builds(
    ReferralFilter,
    box=st.sampled_from([None, *Side]),
    statuses=st.sets(st.sampled_from(list(Status))).map(lambda some: tuple(each for each in Status if each in some)),
    only_open=st.sampled_from([None, True, False]),
    assigned=st.sampled_from([None, "me", "none", UUID(int=7)]),
    attention=st.sampled_from([None, *Attention]),
    unseen_answers=st.sampled_from([None, True, False]),
    unread_messages=st.sampled_from([None, True, False]),
    due=st.sampled_from([None, *DueWhen]),
    business_status=st.sampled_from([None, "expired"]),
    reference=st.sampled_from([None, "KUO-7F3K-92"]),
)


@settings(max_examples=200)
@given(filters, filters)
def test_two_lists_that_differ_have_different_addresses(one: ReferralFilter, other: ReferralFilter) -> None:
    assert (one.query() == other.query()) == (one == other)
    assert replace(one).query() == one.query()
