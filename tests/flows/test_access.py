"""Access: every route of every service, walked as everybody who has no business there.

The routes come from OpenAPI, so a new one is walked from its first day; the objects they speak of exist.
Each scope that keeps rows apart is then taken away once, and the walk has to notice.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text, true

from services.catalog.queries import visibility as catalog_visibility
from services.catalog.use_cases.seed import seed_into
from services.notifications.queries import visibility as notifications_scope
from services.referral.queries import visibility as referral_scope
from shared.services import apis
from tests.builders import Someone
from tests.platform import Platform
from tests.referring import CLIENT, CONSENT, SECRETS, at_work

PUBLIC = {
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/organizations"),
    ("GET", "/organizations/{id}"),
    ("GET", "/services"),
    ("GET", "/services/{id}"),
}
SEEN_BY_ALL = {"organizations", "services"}
"""Collections whose things everybody may see: changing one is forbidden rather than not found."""
ROLES = ("adviser", "recipient", "coordinator", "admin")
COORDINATORS_ONLY = {"/overview", "/overview/figures", "/overview/referrals", "/report"}
OWN = {("GET", "/preferences"), ("PUT", "/preferences")}
"""Routes about the caller alone."""


@dataclass
class Neighbourhood:
    """The seeded ecosystem with a referral under way between two organisations, and strangers to it."""

    platform: Platform
    people: dict[str, Someone]
    ids: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)


async def people_of(platform: Platform) -> dict[str, Someone]:
    """Every member by e-mail address, out of the catalogue's own table."""
    async with platform.databases["catalog"].transaction() as tx:
        rows = await tx.execute(text("SELECT id, organization_id, email, roles FROM members"))
        return {row.email: Someone(row.id, row.organization_id, row.email, tuple(row.roles)) for row in rows}


async def neighbourhood(platform: Platform) -> Neighbourhood:
    """Seed the ecosystem, add a stranger of each role at Kompassi, and bring a referral into being."""
    async with platform.databases["catalog"].transaction() as tx:
        await seed_into(tx)
    people = await people_of(platform)
    admin = platform.client("catalog", people["admin@luotsi.example"])
    kompassi = people["adviser@kompassi.example"].organization_id
    for roles in ([role] for role in ROLES):
        new = {"organization_id": str(kompassi), "email": f"only-{roles[0]}@kompassi.example", "language": "fi"}
        answer = await admin.post("/members", json={**new, "roles": roles})
        assert answer.status_code == 201, answer.text
    leaver = {"organization_id": str(kompassi), "email": "left@kompassi.example", "language": "fi", "roles": ROLES}
    made = (await admin.post("/members", json=leaver)).json()
    left = await admin.patch(f"/members/{made['id']}", json={"active": False}, headers={"If-Match": '"1"'})
    assert left.status_code == 200, left.text
    await platform.settle()
    place = Neighbourhood(platform, await people_of(platform))
    await begin_referral(place)
    return place


async def begin_referral(place: Neighbourhood) -> None:
    """A referral from Navigaattori to Business Kuopio, accepted, with a message, and a draft beside it."""
    platform, people = place.platform, place.people
    adviser = at_work(platform, people["adviser@navigaattori.example"])
    desk_member = people["desk@businesskuopio.example"]
    desk = at_work(platform, desk_member)
    target = str(desk_member.organization_id)
    services = await platform.client("catalog").get(
        "/services", params={"organization_id": target, "accepting": "true"}
    )
    service_id = services.json()["contents"][0]["id"]
    request = {"service_id": service_id, "client": CLIENT, "reason": "bakery plan", "legal_basis": CONSENT}
    sent = (await adviser.refer(request)).json()
    draft = (await adviser.refer({**request, "send": False})).json()
    accepted = await desk.done("accept", await desk.read(sent["id"]))
    await adviser.client.post(f"/referrals/{sent['id']}/messages", json={"text": "needs a ramp"})
    await platform.settle()
    notices = (await platform.client("notifications", desk_member).get("/notices")).json()["contents"]
    place.ids = {
        "referrals": accepted["id"],
        "clients": accepted["client"]["id"],
        "notices": notices[0]["id"],
        "organizations": target,
        "services": service_id,
        "members": str(desk_member.id),
    }
    place.secrets = {*SECRETS, accepted["reference"], draft["reference"], draft["id"], accepted["client"]["id"]}
    place.secrets |= {notice["id"] for notice in notices} | {desk_member.email, "adviser@navigaattori.example"}
    assert all(place.ids.values())


async def routes(platform: Platform) -> list[tuple[str, str, str]]:
    """(service, method, path) of every operation of every service."""
    found = []
    for service in apis():
        document = (await platform.client(service).get("/openapi.json")).json()
        for path, operations in document["paths"].items():
            found += [(service, method.upper(), path) for method in operations]
    return found


def collection(path: str) -> str:
    """What a path is about: `notices` for /notices/{notice_id}/seen."""
    return path.split("/")[1]


def filled(path: str, ids: dict[str, str]) -> str:
    """The path with the id of a thing that exists; KeyError says that this test must learn a new kind of thing."""
    return re.sub(r"\{\w+\}", lambda _: ids[collection(path)], path)


async def fetch(place: Neighbourhood, service: str, method: str, path: str, who: Someone | None, **headers: str) -> Any:
    """Ask for a route as `who`, with the things of others in its place."""
    client = place.platform.client(service, who, **headers)
    # A stream is asked for what it holds now: it would never end.
    params = {"/deliveries": {"referral_id": place.ids["referrals"]}, "/notices/stream": {"follow": "false"}}.get(path)
    body = bodies(place).get(path)
    return await client.request(method, filled(path, place.ids), params=params, json=body)


def bodies(place: Neighbourhood) -> dict[str, Any]:
    """What is sent to addresses that need more than their path to speak of the things of others."""
    return {
        "/clients/search": {"name": CLIENT["name"]},
        "/referrals/bulk": {"command": "accept", "referrals": [{"id": place.ids["referrals"], "version": 4}]},
        "/referrals/check": {"service_id": place.ids["services"], "client": CLIENT},
    }


async def findings(place: Neighbourhood, stranger: Someone) -> list[str]:
    """What a stranger gets to see or do that is none of its business."""
    found = []
    for service, method, path in await routes(place.platform):
        if (method, path) in PUBLIC | OWN:
            continue
        answer = await fetch(place, service, method, path, stranger)
        asked = filled(path, place.ids)  # a problem repeats the address that was asked for
        known = [secret for secret in place.secrets if secret in answer.text and secret not in asked]
        coordinating = path in COORDINATORS_ONLY and "coordinator" in stranger.roles
        if known and not coordinating:
            found.append(f"{method} {path} as {stranger.email} tells {known}")
        if answer.status_code not in expected(path, stranger):
            found.append(f"{method} {path} as {stranger.email} answers {answer.status_code}")
        if path == "/referrals" and method == "POST" and "adviser" in stranger.roles:
            found += await refer_anothers_client(place, stranger)
        if coordinating and any(secret in answer.text for secret in SECRETS):
            found.append(f"{method} {path} tells the coordinator who the client is")
    return found


async def refer_anothers_client(place: Neighbourhood, stranger: Someone) -> list[str]:
    """Try to refer a client of Navigaattori as one's own."""
    request = {"service_id": place.ids["services"], "client_id": place.ids["clients"], "reason": "x", "send": False}
    answer = await at_work(place.platform, stranger).refer(request)
    refused = answer.status_code == 422 and answer.json()["type"] == "urn:luotsi:problem:unknown-client"
    return [] if refused else [f"POST /referrals as {stranger.email} takes another organisation's client"]


def expected(path: str, stranger: Someone) -> set[int]:
    """The statuses with which a stranger may be met: not found, or forbidden where the thing itself is public."""
    if "{" in path:
        return {403} if collection(path) in SEEN_BY_ALL else {404}
    if path in COORDINATORS_ONLY:
        return {200} if "coordinator" in stranger.roles else {403}
    return {200, 403, 422}


def strangers(place: Neighbourhood) -> Iterator[Someone]:
    """Members of an organisation that has nothing to do with the referral, one of each role and one of several."""
    yield from (place.people[f"only-{role}@kompassi.example"] for role in ROLES)
    yield place.people["desk@kompassi.example"]


async def state_of_rows(place: Neighbourhood) -> list[Any]:
    """Versions of all that a stranger could have changed."""
    counted = {
        "referral": "SELECT string_agg(id::text || version::text || status, ',' ORDER BY id) FROM referrals",
        "notifications": "SELECT string_agg(id::text || coalesce(seen_at::text, ''), ',' ORDER BY id) FROM notices",
        "catalog": "SELECT string_agg(id::text || version::text, ',' ORDER BY id) FROM members",
    }
    return [await place.platform.scalar(service, query) for service, query in counted.items()]


async def test_nobody_gets_in_without_a_valid_token_of_an_active_member(platform: Platform) -> None:
    place = await neighbourhood(platform)
    left = place.people["left@kompassi.example"]
    desk = place.people["desk@businesskuopio.example"]
    tokens = {
        "an expired token": platform.tokens.sign(desk, expired=True),
        "a member who has left": platform.tokens.sign(left),
        "another audience": platform.tokens.sign(desk, aud="elsewhere"),
        "another issuer": platform.tokens.sign(desk, iss="https://elsewhere.example"),
        "a member of another organisation than the token says": platform.tokens.sign(
            desk, org=str(left.organization_id)
        ),
        "a member nobody knows": platform.tokens.sign(desk, sub=place.ids["referrals"]),
        "no token but a word": "nonsense",
    }
    for service, method, path in await routes(platform):
        if (method, path) in PUBLIC:
            continue
        answer = await fetch(place, service, method, path, None)
        assert answer.status_code == 401, f"{method} {path} without a token: {answer.status_code}"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        for kind, token in tokens.items():
            answer = await fetch(place, service, method, path, None, Authorization=f"Bearer {token}")
            assert answer.status_code == 401, f"{method} {path} with {kind}: {answer.status_code}"


async def test_public_routes_are_public_and_tell_nothing_private(platform: Platform) -> None:
    place = await neighbourhood(platform)
    walked = set()
    for service, method, path in await routes(platform):
        if (method, path) in PUBLIC:
            answer = await fetch(place, service, method, path, None)
            assert answer.status_code == 200, f"{method} {path}: {answer.status_code}"
            told = [secret for secret in place.secrets if secret in answer.text]
            assert not told, f"{method} {path} tells {told}"
            walked.add((method, path))
    assert walked == PUBLIC


async def test_strangers_see_nothing_and_change_nothing(platform: Platform) -> None:
    place = await neighbourhood(platform)
    before = await state_of_rows(place)
    for stranger in strangers(place):
        assert await findings(place, stranger) == []
    assert await state_of_rows(place) == before


async def test_lists_of_strangers_are_empty(platform: Platform) -> None:
    place = await neighbourhood(platform)
    stranger = place.people["desk@kompassi.example"]
    for service, path in (("referral", "/referrals"), ("notifications", "/notices"), ("notifications", "/deliveries")):
        answer = await fetch(place, service, "GET", path, stranger)
        assert answer.json()["contents"] == [], path


SCOPES: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "referrals one's organisation made": (referral_scope, "sent_by", lambda _: true()),
    "referrals one's organisation was sent": (referral_scope, "received_by", lambda _: true()),
    "clients of one's organisation": (referral_scope, "own_clients", lambda _: true()),
    "notices to oneself": (notifications_scope, "told_to", lambda _: true()),
    "deliveries to one's organisation": (notifications_scope, "told_to_organization_of", lambda _: true()),
    "members of one's organisation": (catalog_visibility, "visible_organization", lambda _: None),
}


@pytest.mark.parametrize("scope", list(SCOPES))
async def test_the_walk_notices_when_a_scope_is_gone(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, scope: str
) -> None:
    place = await neighbourhood(platform)
    module, name, everything = SCOPES[scope]
    monkeypatch.setattr(module, name, everything)
    for stranger in strangers(place):
        if await findings(place, stranger):
            return
    pytest.fail(f"without the scope of {scope} nobody noticed anything")
