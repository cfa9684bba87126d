"""The choice when there may be a duplicate: go on and be told, or be asked before anything is done."""

import asyncio

from tests.builders import small_town
from tests.platform import Platform
from tests.referring import SECRETS, at_work, new_referral, problem, sent_referral

ROWS = """SELECT concat_ws(' ', (SELECT count(*) FROM referrals), (SELECT count(*) FROM clients),
    (SELECT count(*) FROM idempotency_keys), (SELECT count(*) FROM outbox), (SELECT count(*) FROM timeline))"""


async def test_going_on_is_the_default_and_the_answer_says_what_there_is(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    first = await sent_referral(platform, town)
    assert first["duplicates"] == []
    second = await adviser.refer(new_referral(town), key="again")
    assert second.status_code == 201
    (told,) = second.json()["duplicates"]
    assert (told["kind"], told["reference"]) == ("open", first["reference"])
    repeated = await adviser.refer(new_referral(town), key="again")
    assert repeated.json() == second.json(), "a repeated request gets the first answer"
    assert (await adviser.read(first["id"]))["duplicates"] is None, "reading is not the occasion"


async def test_asking_first_creates_nothing_and_leaves_the_key_free(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    first = await sent_referral(platform, town)
    before = await platform.scalar("referral", ROWS)
    logged = "SELECT count(*) FROM disclosures WHERE occasion = 'duplicates' AND referral_id = :id"
    asked = problem(await adviser.refer(new_referral(town, on_duplicate="ask"), "key"), 409, "possible-duplicate")
    assert [one["referral_id"] for one in asked["duplicates"]] == [first["id"]]
    assert asked["duplicates"][0].keys() == {"kind", "referral_id", "reference", "status", "sent_at", "matched_by"}
    assert await platform.scalar("referral", ROWS) == before
    assert await platform.scalar("referral", logged, id=first["id"]) == 1, "it was told, so it is written down"
    assert all(secret not in str(asked) for secret in SECRETS)
    gone_on = await adviser.refer(new_referral(town, on_duplicate="go_on"), "key")
    assert gone_on.status_code == 201, gone_on.text


async def test_asking_first_is_no_hindrance_where_there_is_nothing(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    request = new_referral(town, on_duplicate="ask")
    made = await adviser.refer(request, "key")
    assert (made.status_code, made.json()["duplicates"]) == (201, [])
    repeated = await adviser.refer(request, "key")
    assert (repeated.status_code, repeated.json()) == (201, made.json()), "it is not its own duplicate"
    problem(await adviser.refer({**request, "on_duplicate": "go_on"}, "key"), 422, "idempotency-key-reused")
    problem(await adviser.refer({**request, "on_duplicate": "perhaps"}), 422, "invalid")


async def test_what_is_not_acceptable_is_told_before_the_question(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    await sent_referral(platform, town)
    incomplete = new_referral(town, on_duplicate="ask", reason=...)
    problem(await adviser.refer(incomplete), 422, "incomplete-referral")


async def test_of_two_who_ask_at_the_same_moment_one_is_asked(platform: Platform) -> None:
    town = await small_town(platform)
    both = [at_work(platform, who) for who in (town.adviser, town.colleague)]
    for round_ in range(5):
        client = {"language": "ar", "phone": f"050 000 000{round_}"}
        request = new_referral(town, on_duplicate="ask", client=client)
        answers = await asyncio.gather(*(each.refer(request) for each in both))
        assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_sending_a_draft_says_it_and_asks_if_wanted(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, colleague = at_work(platform, town.adviser), at_work(platform, town.colleague)
    draft = (await adviser.refer(new_referral(town, send=False))).json()
    assert draft["before_sending"]["duplicates"] == draft["duplicates"] == []
    sent = (await colleague.refer(new_referral(town))).json()
    assert [one["status"] for one in sent["duplicates"]] == ["draft"]
    shown = await adviser.read(draft["id"])
    assert [one["referral_id"] for one in shown["before_sending"]["duplicates"]] == [sent["id"]]

    asked = problem(await adviser.give("send", draft, {"on_duplicate": "ask"}), 409, "possible-duplicate")
    assert [one["referral_id"] for one in asked["duplicates"]] == [sent["id"]]
    still = await adviser.read(draft["id"])
    assert (still["status"], still["version"]) == ("draft", 1), "nothing was sent"
    types = [event["type"] for event in await platform.published("referral")]
    assert types.count("referral.sent.v1") == 1
    done = await adviser.done("send", draft)
    assert [one["referral_id"] for one in done["duplicates"]] == [sent["id"]]
    assert done["before_sending"] is None


async def test_the_target_is_told_nothing_of_duplicates(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    await sent_referral(platform, town)
    second = (await adviser.refer(new_referral(town))).json()
    accepted = await desk.done("accept", await desk.read(second["id"]))
    assert accepted["duplicates"] is None
    assert accepted["before_sending"] is None
