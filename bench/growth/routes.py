"""Every route that members use daily, as somebody who has much of it."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import uuid4

from bench.growth.place import ADVISER, COORDINATOR, DESK, QUIET, SEEN_ALL, Place
from bench.notices import new_referral
from bench.search import misspelt
from bench.search_filling import words
from shared.clock import day_in_kuopio, utc_now

Step = Callable[[Place], Awaitable[str]]
Prepare = Callable[[Place], Awaitable[Step]]
"""What has to be there first, which is not measured; returns the step that is."""

LISTS: Final = {
    "sent": (ADVISER, "?box=sent"),
    "received": (DESK, "?box=received"),
    "received, by respond_by": (DESK, "?box=received&sort=respond_by"),
    "received, last changed first": (DESK, "?box=received&sort=-updated_at"),
    "waiting": (DESK, "?box=received&status=requested"),
    "completed": (DESK, "?box=received&status=completed"),
    "sent, completed": (ADVISER, "?box=sent&status=completed"),
    "mine": (DESK, "?assigned=me"),
    "assigned to nobody": (DESK, "?assigned=none&open=true"),
    "overdue": (DESK, "?due=overdue"),
    "answers not looked at": (ADVISER, "?unseen_answers=true"),
    "unread messages": (DESK, "?unread_messages=true"),
    "of a quiet organisation": (QUIET, "?box=received"),
}
"""Lists of referrals: who asks, and for which."""

OF_NOTIFICATIONS: Final = {
    "notices": (DESK, "/notices"),
    "notices not seen": (DESK, "/notices?unseen=true"),
    "notices not seen, none": (SEEN_ALL, "/notices?unseen=true"),
    "notices counted": (DESK, "/notices/counts"),
    "notices counted, none": (SEEN_ALL, "/notices/counts"),
    "deliveries": (DESK, "/deliveries"),
    "deliveries that failed": (DESK, "/deliveries?status=exhausted"),
    "deliveries, quiet organisation": (QUIET, "/deliveries"),
}
"""What the notification service is asked for."""


def routes() -> Iterator[tuple[str, Prepare]]:
    """Each by its name."""
    for name, (who, query) in LISTS.items():
        yield f"list: {name}", _get("referral", who, f"/referrals{query}")
    for who, path in ((ADVISER, "/referrals/counts"), (DESK, "/referrals/counts")):
        yield f"counts of {who.partition('@')[0]}", _get("referral", who, path)
    for name, path in {"a referral": "?look=false", "its timeline": "/timeline", "its messages": "/messages"}.items():
        yield name, partial(_of_one, path)
    yield "handover, adviser", partial(_handover, ADVISER, "adviser2@o0.example")
    yield "handover, desk", partial(_handover, DESK, SEEN_ALL)
    yield "client found again", _client_found
    yield "referral created and sent", _created
    yield "first look", _looked_at
    yield "accepted", _accepted
    yield "message written", _message
    today = day_in_kuopio(utc_now())
    year = f"from={today - timedelta(days=365)}&to={today}"
    for name, path in {
        "overview, default": "/overview",
        "overview, a year": f"/overview?{year}",
        "figures, a year by month": f"/overview/figures?by=month&{year}",
        "figures, a year by target": f"/overview/figures?by=target&{year}",
        "overview, its referrals": "/overview/referrals",
        "report, a year": f"/report?{year}",
        "report, a year by service": f"/report?by=service&{year}",
    }.items():
        yield name, _get("referral", COORDINATOR, path)
    yield "report, received", _get("referral", SEEN_ALL, f"/report?box=received&{year}")
    for name, (who, path) in OF_NOTIFICATIONS.items():
        yield name, _get("notifications", who, path)
    yield from _searches()
    yield "members", _get("catalog", DESK, "/members")


def _searches() -> Iterator[tuple[str, Prepare]]:
    """Services by what is typed, fifty of them as a list shows them, and whole."""
    known = words()
    typed = {
        "a frequent word": known[0],
        "a rare word": known[5_000],
        "a misspelt word": misspelt(known[0]),
        "no word": "",
    }
    for name, query in typed.items():
        for shown, full in (("short", "false"), ("whole", "true")):
            yield f"services, {name}, {shown}", _get("catalog", ADVISER, f"/services?query={query}&full={full}")


def _get(service: str, who: str, path: str) -> Prepare:
    async def prepare(_: Place) -> Step:
        return partial(_ask, service, who, "GET", path)

    return prepare


async def _ask(service: str, who: str, method: str, path: str, place: Place, **request: Any) -> str:
    answer = await place.ask(service, who, method, path, **request)
    return "" if answer.is_success else f"{answer.status_code} {answer.text[:80]}"


def _step(service: str, who: str, method: str, path: str, **request: Any) -> Step:
    async def step(place: Place) -> str:
        return await _ask(service, who, method, path, place, **request)

    return step


async def _listed(place: Place, who: str, query: str) -> dict[str, Any]:
    answer = await place.ask("referral", who, "GET", f"/referrals{query}")
    found: dict[str, Any] = answer.raise_for_status().json()["contents"][0]
    return found


async def _of_one(path: str, place: Place) -> Step:
    one = await _listed(place, DESK, "?box=received&status=in-progress&limit=1")
    return _step("referral", DESK, "GET", f"/referrals/{one['id']}{path}")


async def _handover(who: str, to: str, place: Place) -> Step:
    return _step("referral", who, "GET", f"/handover?to={place.members[to].id}")


async def _client_found(place: Place) -> Step:
    busy = place.referrals - place.referrals % 10
    return _step("referral", ADVISER, "POST", "/clients/search", json={"email": f"client-{busy}@newcomer.example"})


async def _new(place: Place) -> dict[str, Any]:
    service = (await _listed(place, DESK, "?box=received&limit=1"))["service"]["id"]
    return {"json": new_referral(service), "headers": {"Idempotency-Key": str(uuid4())}}


async def _created(place: Place) -> Step:
    return _step("referral", ADVISER, "POST", "/referrals", **await _new(place))


async def _looked_at(place: Place) -> Step:
    sent = await place.ask("referral", ADVISER, "POST", "/referrals", **await _new(place))
    return _step("referral", DESK, "GET", f"/referrals/{sent.raise_for_status().json()['id']}")


async def _sent_and_seen(place: Place) -> tuple[str, str]:
    sent = await place.ask("referral", ADVISER, "POST", "/referrals", **await _new(place))
    path = f"/referrals/{sent.raise_for_status().json()['id']}"
    seen = await place.ask("referral", DESK, "GET", path)
    return path, seen.raise_for_status().headers["ETag"]


async def _accepted(place: Place) -> Step:
    path, version = await _sent_and_seen(place)
    return _step("referral", DESK, "POST", f"{path}/accept", json={}, headers={"If-Match": version})


async def _message(place: Place) -> Step:
    path, _ = await _sent_and_seen(place)
    return _step("referral", ADVISER, "POST", f"{path}/messages", json={"text": "When may the client come?"})
