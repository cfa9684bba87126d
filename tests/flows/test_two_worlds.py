"""Two worlds that differ only in what somebody may not know answer that somebody alike, whatever is asked of them."""

import json
import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.builders import Someone, small_town
from tests.chains import STATUTE, WITHDRAWAL, organizations_in_a_row
from tests.flows.test_access import Neighbourhood, neighbourhood, routes
from tests.platform import Platform
from tests.referring import CLIENT, CONSENT, JSON, at_work, new_referral

OWN: JSON = {"kind": "person", "name": "Toinen Asiakas", "language": "fi"}
UNSEEN_HEADERS = {"x-correlation-id", "date", "content-length"}
REASON: JSON = {"reason": {"code": "no_capacity"}}
BODIES: tuple[bytes | None, ...] = (
    None,
    b"{",
    b'{"misspelt": 1}',
    b'{"reason": {"code": "no_capacity"}}',
    b'{"withdrawal": {"told_by": "client", "told_on": "2999-01-01"}}',
    b'{"text": "131052-308T"}',
)
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"If-Match": '"99"', "Idempotency-Key": "k"},
    {"If-Match": "*", "If-None-Match": "*"},
    {"If-Match": "nonsense", "Idempotency-Key": "\t"},
)


def seen(answer: httpx2.Response, *named: str) -> tuple[Any, ...]:
    """All that an answer tells whoever asked, with the names that were asked for taken out."""
    headers = sorted((key, value) for key, value in answer.headers.items() if key not in UNSEEN_HEADERS)
    # The version in an ETag counts; the digest of the answer differs where the answer does, which is looked at itself.
    text = re.sub(r'("etag", |\'etag\', )\'"(\d*)-?[0-9a-f]{16}"\'', r"\1\2", f"{headers} {answer.text}")
    for name in named:
        text = text.replace(name, "NAMED")
    return answer.status_code, text


async def asked(client: httpx2.AsyncClient, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Any:
    """A request whose body is sent as it is."""
    as_json = {"Content-Type": "application/json"} if body is not None else {}
    return await client.request(method, path, content=body, headers={**headers, **as_json})


def strangers(place: Neighbourhood) -> Iterator[Someone]:
    yield from (
        place.people[f"only-{role}@kompassi.example"] for role in ("adviser", "recipient", "coordinator", "admin")
    )
    yield place.people["desk@kompassi.example"]


HIDDEN = ("referrals", "clients", "notices", "members")
"""Collections whose things exist for some and not for others."""


async def test_what_others_have_looks_like_what_there_is_not(platform: Platform) -> None:
    place = await neighbourhood(platform)
    walked = 0
    for service, method, path in await routes(platform):
        collection = path.split("/")[1]
        if "{" not in path or collection not in HIDDEN:
            continue
        there, nowhere = place.ids[collection], str(uuid4())
        for stranger, headers in product(strangers(place), HEADERS):
            client = platform.client(service, stranger)
            for body in BODIES if method in ("POST", "PUT", "PATCH") else (None,):
                answers = [
                    seen(await asked(client, method, re.sub(r"\{\w+\}", each, path), body, headers), each)
                    for each in (there, nowhere)
                ]
                assert answers[0] == answers[1], (method, path, stranger.email, body, headers)
                assert answers[0][0] == 404
                walked += 1
    assert walked > 500


async def test_what_others_have_can_not_be_named_in_a_body_either(platform: Platform) -> None:
    town = await small_town(platform)
    hidden = (await at_work(platform, town.adviser).refer(new_referral(town))).json()
    own = (await at_work(platform, town.bystander).refer(new_referral(town, client=OWN))).json()
    message = (
        await at_work(platform, town.adviser).client.post(f"/referrals/{hidden['id']}/messages", json={"text": "x"})
    ).json()
    draft = (await at_work(platform, town.bystander).refer(new_referral(town, client=OWN, send=False))).json()
    at_desk = await at_work(platform, town.desk).read(own["id"])
    pairs: list[tuple[Someone, str, str, Callable[[str], JSON], str, str]] = [
        (
            town.bystander,
            "POST",
            "/referrals",
            lambda each: new_referral(town, client=..., client_id=each),
            *ids(hidden),
        ),
        (
            town.bystander,
            "POST",
            "/referrals/check",
            lambda each: {"service_id": str(town.advice), "client_id": each},
            *ids(hidden),
        ),
        (town.bystander, "PATCH", f"/referrals/{draft['id']}", lambda each: {"client_id": each}, *ids(hidden)),
        (
            town.desk,
            "POST",
            f"/referrals/{own['id']}/assign",
            lambda each: {"member_id": each},
            str(town.bystander.id),
            str(uuid4()),
        ),
        (town.bystander, "POST", "/handover", lambda each: {"to": each}, str(town.desk.id), str(uuid4())),
        (
            town.bystander,
            "POST",
            f"/referrals/{own['id']}/messages/read",
            lambda each: {"up_to": each},
            message["id"],
            str(uuid4()),
        ),
        (
            town.bystander,
            "POST",
            "/referrals/bulk",
            lambda each: {"command": "accept", "referrals": [{"id": each, "version": 2}]},
            hidden["id"],
            str(uuid4()),
        ),
        (
            town.bystander,
            "POST",
            "/clients/search",
            lambda each: {"reference": each},
            hidden["reference"],
            "KUO-2222-2F",
        ),
        (town.bystander, "POST", "/clients/search", lambda each: {"name": each}, CLIENT["name"], "Nobody Known"),
        (town.bystander, "POST", "/clients/search", lambda each: {"phone": each}, CLIENT["phone"], "040 000 0000"),
    ]
    versions: tuple[dict[str, str], ...] = {"If-Match": f'"{at_desk["version"]}"'}, {"If-Match": '"99"'}, {}
    for (who, method, path, body, there, nowhere), headers in product(pairs, versions):
        client = platform.client("referral", who)
        answers = []
        for each in (there, nowhere):
            content = json.dumps(body(each)).encode()
            key = {"Idempotency-Key": str(uuid4())}
            answers.append(seen(await asked(client, method, path, content, {**headers, **key}), each))
        assert answers[0] == answers[1], (method, path, headers)


def ids(referral: JSON) -> tuple[str, str]:
    """The id of the client of a referral, and one of nobody."""
    return referral["client"]["id"], str(uuid4())


TO_COME: JSON = {"kind": "consent", "consent": {**CONSENT["consent"], "given_on": "2999-01-01"}}
FORWARDING: dict[str, JSON] = {
    "good": {},
    "a consent of a day to come": {"legal_basis": TO_COME},
    "no legal basis": {"legal_basis": ...},
    "half a legal basis": {"legal_basis": {"kind": "consent"}},
    "a field too many": {"misspelt": 1},
    "an identity code": {"reason": "see 131052-308T"},
    "a reason too long": {"reason": "x" * 4001},
}
MATCHING: dict[str, Callable[[JSON], dict[str, str]]] = {
    "the present version": lambda referral: {"If-Match": f'"{referral["version"]}"'},
    "an older version": lambda referral: {"If-Match": f'"{referral["version"] - 1}"'},
    "no version": lambda _: {},
}
STATES: dict[str, tuple[tuple[str, JSON | None], ...]] = {
    "requested": (),
    "accepted": (("accept", None),),
    "on-hold": (("accept", None), ("hold", REASON)),
    "completed": (("accept", None), ("complete", {"outcome": {"code": "enrolled"}})),
}


@pytest.mark.parametrize("state", list(STATES))
async def test_who_stands_above_shows_only_where_all_else_would_be_passed_on(platform: Platform, state: str) -> None:
    """Navigaattori stands above the last desk, which knows nothing of it; the fifth organisation does not."""
    row = await organizations_in_a_row(platform, 5)
    child = await row.pass_on(await row.begin(), 1)
    last = row.at(2)
    referral = await last.read(child["id"])
    for command, body in STATES[state]:
        referral = await last.done(command, referral, body)
    path = f"/referrals/{referral['id']}/forward"
    for (bad, changes), (which, matching) in product(FORWARDING.items(), MATCHING.items()):
        if (state, bad, which) == ("accepted", "good", "the present version"):
            continue
        answers = []
        for place in (0, 4):
            answer = await last.client.post(path, json=row.forward(place, **changes), headers=matching(referral))
            answers.append(seen(answer, str(row.services[place])))
        assert answers[0] == answers[1], (bad, which)
        assert answers[0][0] in (409, 412, 422, 428)
    assert await last.read(child["id"]) == referral, "nothing was done"


@pytest.mark.parametrize("held", [False, True])
async def test_a_suggestion_of_somebody_above_is_refused_like_any_other_first(platform: Platform, held: bool) -> None:
    """The second desk passes on what it does not know to have come from Navigaattori; both of its children decline."""
    row = await organizations_in_a_row(platform, 6)
    second = await row.pass_on(await row.begin(), 1)
    desk, declined = row.at(2), []
    for better, asked_for in ((0, 3), (5, 4)):
        accepted = await desk.read(second["id"])
        if accepted["status"] == "requested":
            accepted = await desk.done("accept", accepted)
        child = (await desk.give("forward", accepted, row.forward(asked_for))).json()
        decline = {**REASON, "suggested_service_id": str(row.services[better])}
        at_child = row.at(asked_for)
        await at_child.done("decline", await at_child.read(child["id"]), decline)
        declined.append(await desk.read(child["id"]))
    if held:
        await desk.done("hold", await desk.read(second["id"]), REASON)
    bases = {"good": {"legal_basis": STATUTE}, "to come": {"legal_basis": TO_COME}, "none": {}}
    for (basis, body), (which, matching) in product(bases.items(), MATCHING.items()):
        if not held and (basis, which) == ("good", "the present version"):
            continue
        answers = [
            seen(
                await desk.client.post(f"/referrals/{each['id']}/send-suggested", json=body, headers=matching(each)),
                each["id"],
            )
            for each in declined
        ]
        assert answers[0] == answers[1], (basis, which)


async def test_that_a_suggestion_was_followed_looks_to_who_declined_like_a_closing(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    told = []
    for ending in (("close", {}), ("send-suggested", {"legal_basis": STATUTE})):
        sent = (await adviser.refer(new_referral(town))).json()
        better = {**REASON, "suggested_service_id": str(town.guidance)}
        await desk.done("decline", await desk.read(sent["id"]), better)
        answer = await adviser.give(ending[0], await adviser.read(sent["id"]), ending[1])
        assert answer.status_code in (200, 201)
        told.append(
            [await plainly(desk.client, f"/referrals/{sent['id']}{rest}") for rest in ("", "/timeline", "/fhir")]
        )
    assert told[0] == told[1]


async def test_what_was_passed_on_looks_to_its_target_like_what_began_there(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    both = await row.town.facts.member("both@businesskuopio.example", row.town.business, "adviser", "recipient")
    await platform.settle()
    passed_on = await row.pass_on(await row.begin(shareable_note=...), 1)
    began = await at_work(platform, both).refer(
        new_referral(row.town, service_id=str(row.services[2]), shareable_note=...)
    )
    assert began.status_code == 201, began.text
    last, told = row.at(2), []
    for referral in (passed_on, began.json()):
        seen_by_last = []
        for command in (None, "accept", "start"):
            if command is not None:
                await last.done(command, await last.read(referral["id"]))
            for rest in ("", "/timeline", "/messages", "/fhir"):
                seen_by_last.append(await plainly(last.client, f"/referrals/{referral['id']}{rest}"))
        told.append(seen_by_last)
    assert told[0] == told[1]


async def plainly(client: httpx2.AsyncClient, path: str) -> tuple[Any, ...]:
    """An answer without ids, references and moments, which differ anyway."""
    status, text = seen(await client.get(path))
    return status, re.sub(
        r"(?<=[\"-])[0-9a-f]{16}(?=\")|[0-9a-f]{8}-[0-9a-f-]{27}|KUO-\w+-\w+|\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)",
        "·",
        text,
    )


LISTS = {
    "referral": (
        "/referrals",
        "/referrals?limit=1",
        "/referrals?box=received",
        "/referrals?box=sent&limit=1",
        "/referrals?open=true",
        "/referrals?attention=answer_unseen",
        "/referrals?sort=-updated_at&limit=1",
        "/referrals?unread_messages=true",
        "/referrals/counts",
        "/overview",
        "/overview/figures?by=source&by=target&by=service&by=month",
        "/overview/referrals",
        "/overview/referrals?limit=1",
        "/report",
        "/report?by=service",
        "/report?box=received",
        "/report?box=sent&by=service",
    ),
    "notifications": ("/notices", "/notices/counts", "/deliveries", "/preferences"),
    "catalog": ("/services", "/organizations", "/members"),
}


async def test_what_others_do_changes_no_answer(platform: Platform) -> None:
    """Others refer a client of the same name, to the same service, keep drafts, pass on and withdraw."""
    row = await organizations_in_a_row(platform, 6)
    town = row.town
    also = await town.facts.member("both@further5.example", row.people[5].organization_id, "adviser", "recipient")
    await platform.settle()
    mine = at_work(platform, also)
    own = (await mine.refer(new_referral(town, service_id=str(row.services[4])))).json()
    kept = (await mine.refer(new_referral(town, service_id=str(row.services[4]), send=False))).json()
    await row.at(4).done("decline", await row.at(4).read(own["id"]), REASON)
    await platform.settle()
    about = [
        f"/referrals/{each['id']}{rest}" for each in (own, kept) for rest in ("", "/timeline", "/messages", "/fhir")
    ]
    await mine.client.get(about[0])  # a first look at the answer is noted
    await platform.settle()

    async def world() -> list[tuple[Any, ...]]:
        found = [
            seen(await platform.client(service, also).get(path)) for service, paths in LISTS.items() for path in paths
        ]
        found += [without_moments(seen(await mine.client.get(path))) for path in about]
        for search in ({"name": CLIENT["name"]}, {"phone": CLIENT["phone"]}, {"email": CLIENT["email"]}):
            found.append(seen(await mine.client.post("/clients/search", json=search)))
        check = {"service_id": str(town.advice), "client": CLIENT}
        return [*found, without_moments(seen(await mine.client.post("/referrals/check", json=check)))]

    before = await world()
    first = await row.begin()
    await at_work(platform, town.adviser).refer(new_referral(town, service_id=str(row.services[5]), send=False))
    second = await row.pass_on(first, 1)
    third = await row.pass_on(second, 2)
    await row.at(3).client.post(f"/referrals/{third['id']}/messages", json={"text": "needs a ramp"})
    await row.at(3).done("accept", await row.at(3).read(third["id"]))
    await platform.settle()
    assert await world() == before
    await row.at(0).done("withdraw-consent", await row.at(0).read(first["id"]), WITHDRAWAL)
    await platform.settle()
    assert await world() == before


def without_moments(answer: tuple[Any, ...]) -> tuple[Any, ...]:
    """An answer without what is reckoned from the moment at which it is given."""
    status, text = answer
    return status, re.sub(r"""("respond_by":"|'etag', '"\d+-)[^"]*""", r"\1·", text)


async def test_a_coordinator_learns_nothing_of_drafts(platform: Platform) -> None:
    town = await small_town(platform)
    client = platform.client("referral", town.coordinator)
    paths = [path for path in LISTS["referral"] if path.startswith(("/overview", "/report"))]
    before = [seen(await client.get(path)) for path in paths]
    draft = (await at_work(platform, town.adviser).refer(new_referral(town, send=False))).json()
    await at_work(platform, town.adviser).done("cancel", draft, REASON)
    assert [seen(await client.get(path)) for path in paths] == before


async def test_the_order_of_errors_on_a_referral_that_one_sees(platform: Platform) -> None:
    """What a body names is judged before the version, and the version before the state."""
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    sent = (await adviser.refer(new_referral(town))).json()
    unfit: list[tuple[Any, str, str, JSON]] = [
        (desk, "POST", "decline", {**REASON, "suggested_service_id": str(uuid4())}),
        (desk, "POST", "assign", {"member_id": str(uuid4())}),
        (desk, "POST", "forward", {"service_id": str(uuid4()), "legal_basis": CONSENT}),
        (desk, "POST", "forward", {"service_id": str(town.guidance), "legal_basis": TO_COME}),
        (adviser, "POST", "withdraw-consent", {"withdrawal": {"told_by": "client", "told_on": "2999-01-01"}}),
        (adviser, "POST", "send-suggested", {"legal_basis": TO_COME}),
        (adviser, "PATCH", "", {"service_id": str(uuid4())}),
        (adviser, "PATCH", "", {"client_id": str(uuid4())}),
        (adviser, "PATCH", "", {"legal_basis": TO_COME}),
    ]
    for who, method, command, body in unfit:
        path = f"/referrals/{sent['id']}/{command}".rstrip("/")
        for headers in ({}, {"If-Match": '"99"'}, {"If-Match": "*"}):
            answer = await who.client.request(method, path, json=body, headers=headers)
            assert answer.status_code == 422, (command, headers, answer.text)
    fit: list[tuple[Any, str, str, JSON]] = [
        (desk, "POST", "complete", {"outcome": {"code": "enrolled"}}),
        (desk, "POST", "forward", {"service_id": str(town.guidance), "legal_basis": CONSENT}),
        (adviser, "POST", "close", {}),
        (adviser, "POST", "send-suggested", {"legal_basis": CONSENT}),
        (adviser, "PATCH", "", {"reason": "another"}),
    ]
    for who, method, command, body in fit:
        path = f"/referrals/{sent['id']}/{command}".rstrip("/")
        statuses = [
            (await who.client.request(method, path, json=body, headers=headers)).status_code
            for headers in ({}, {"If-Match": '"99"'}, {"If-Match": "*"})
        ]
        assert statuses == [428, 412, 409], command
