"""Referring in tests: the requests that most flows begin with, through the public HTTP interface."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2

from tests.builders import Someone, Town
from tests.platform import Platform

JSON = dict[str, Any]
CONSENT: JSON = {
    "kind": "consent",
    "consent": {"given_on": "2026-11-02", "how": "oral", "scope": "name, contact and the reason"},
}
CLIENT: JSON = {
    "kind": "person",
    "name": "Esimerkki Asiakas",
    "language": "ar",
    "email": "client@mail.example",
    "phone": "040 765 4321",
    "contact_via": "client",
    "interpreter": True,
}
SECRETS = ("Esimerkki", "client@mail.example", "7654321", "765 4321", "bakery plan", "landlord", "needs a ramp")
"""What must stand in no event, no log, no mail and no column that is not sealed."""


def new_referral(town: Town, **changes: Any) -> JSON:
    """A complete request; `changes` replace fields, and take those away that are given as `...`."""
    request = {
        "service_id": str(town.advice),
        "client": CLIENT,
        "reason": "bakery plan, wants advice",
        "shareable_note": "mornings only",
        "private_note": "owes the landlord",
        "urgency": "routine",
        "legal_basis": CONSENT,
        **changes,
    }
    return {name: value for name, value in request.items() if value is not ...}


@dataclass
class Desk:
    """Somebody at work: an HTTP client of the referral service, with the commands in short."""

    client: httpx2.AsyncClient

    async def refer(self, request: JSON, key: str | None = None) -> httpx2.Response:
        """POST /referrals with a key of its own unless one is given."""
        return await self.client.post("/referrals", json=request, headers={"Idempotency-Key": key or str(uuid4())})

    async def read(self, referral_id: str) -> JSON:
        """The referral as this side sees it."""
        answer = await self.client.get(f"/referrals/{referral_id}")
        assert answer.status_code == 200, answer.text
        found: JSON = answer.json()
        return found

    async def give(self, command: str, referral: JSON, body: JSON | None = None) -> httpx2.Response:
        """A command on the version of `referral` that this side has seen."""
        headers = {"If-Match": f'"{referral["version"]}"'}
        return await self.client.post(f"/referrals/{referral['id']}/{command}", json=body or {}, headers=headers)

    async def done(self, command: str, referral: JSON, body: JSON | None = None) -> JSON:
        """A command that has to succeed; the referral after it."""
        answer = await self.give(command, referral, body)
        assert answer.status_code == 200, answer.text
        changed: JSON = answer.json()
        return changed


def at_work(platform: Platform, who: Someone | None) -> Desk:
    """`who` at the referral service."""
    return Desk(platform.client("referral", who))


async def sent_referral(platform: Platform, town: Town, **changes: Any) -> JSON:
    """A referral that Navigaattori has sent to Business Kuopio."""
    answer = await at_work(platform, town.adviser).refer(new_referral(town, **changes))
    assert answer.status_code == 201, answer.text
    referral: JSON = answer.json()
    return referral


def problem(answer: httpx2.Response, status: int, name: str) -> JSON:
    """Assert that `answer` is this problem, in the form every error has; returns its body."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: JSON = answer.json()
    assert body["type"] == f"urn:luotsi:problem:{name}", body
    assert body["status"] == status
    assert body["title"]
    assert len(body["detail"]) > 20, "a problem says what to do"
    return body
