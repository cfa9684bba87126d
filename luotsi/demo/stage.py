"""What people do in the demo, through the HTTP APIs: each step is timed, written down, and shown."""

import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from luotsi.demo.mailbox import Mailbox
from luotsi.demo.people import JSON, TIME, Cast, Person, StoryBroke
from luotsi.demo.record import Check, Record, Step, Which
from luotsi.demo.telling import PATIENCE_SECONDS, Telling
from shared.values.telephones import readable

_CLOCK_PATIENCE_SECONDS: Final = 30.0
"""Deadlines are looked at every other second, and not at all in a worker's first ten."""

_SUBSCRIBER_NUMBER: Final = len("40 000 1234")
"""The end of a Finnish telephone number, that is written alike with and without the country's code."""


class Stage:
    """Does what the story says and writes it down. `show` is called with each step when it is over.

    `set_clock` sets the platform's clock ahead, where that is possible.
    """

    def __init__(
        self,
        cast: Cast,
        mailbox: Mailbox,
        record: Record,
        show: Callable[[Step], None],
        set_clock: Callable[[timedelta], None] | None = None,
    ) -> None:
        self.record = record
        self.secrets: list[str] = []
        self._cast = cast
        self._telling = Telling(cast, mailbox, record)
        self._show = show
        self._set_clock = set_clock
        self._begun = time.monotonic()

    @asynccontextmanager
    async def _step(
        self,
        who: Person,
        did: str,
        which: Which | None = None,
        event: str | None = None,
        *more: tuple[Which, str],
        patience: float = PATIENCE_SECONDS,
    ) -> AsyncIterator[Step]:
        """One step of the story: what is done in the block is timed.

        It causes `event` of the referral `which`, and `more` events of others. After the block all who must be told of
        these are waited for, `patience` seconds at most; then the step is shown.
        """
        step = Step(time.monotonic() - self._begun, who, did, 0.0, which, event)
        yield step
        done = time.monotonic()
        step.took_ms = 1000 * (done - self._begun - step.at)
        self.record.steps.append(step)
        await self._telling.wait(step, {(which, event), *more}, done, patience)
        self._show(step)

    async def find_service(self, who: Person, words: str, target_group: str, organization: str) -> JSON:
        """Search the catalogue for the best match that an organisation (a slug) offers.

        It is for the target group, given in English, and takes referrals now.
        """
        params = {"query": words, "target_group": target_group, "language": "en", "accepting": "true"}
        async with self._step(who, f"searches for “{words}”, in English for {target_group}") as step:
            found = (await self._cast[who].get("catalog", "/services", **params)).json()["contents"]
            service: JSON | None = next((each for each in found if each["organization"]["slug"] == organization), None)
            if service is None:
                raise StoryBroke(f"{who.email}: no service of {organization} was found by “{words}”")
            step.did += f", and finds {_named(service)}"
        return service

    async def look_at_service(self, who: Person, service_id: str) -> JSON:
        """One service of the catalogue, in the words of the reader's language."""
        async with self._step(who, "looks at ") as step:
            service: JSON = (await self._cast[who].get("catalog", f"/services/{service_id}")).json()
            step.did += _named(service)
        return service

    async def refer(self, who: Person, which: Which, service: JSON, request: JSON, event: str) -> JSON:
        """Refer a client (`client` or `client_id` in the request) to the service, with a consent for it."""
        basis = _consent(request.pop("scope"))
        body = {"service_id": service["id"], "urgency": "routine", "legal_basis": basis, **request}
        self.secrets += _free_text(body)
        did = f"refers {'the same client' if 'client_id' in request else 'a client'} to {_named(service)}"
        async with self._step(who, did, which, event):
            answer = await self._cast[who].post("referral", "/referrals", body, idempotency_key=str(uuid4()))
            self.record.referrals[which] = answer.json()
        return self.record.referrals[which]

    async def forward(self, who: Person, which: Which, child: Which, service: JSON, scope: str, event: str) -> None:
        """Pass a referral on to another organisation's service: a child, sent at once, with a consent of its own."""
        body = {"service_id": service["id"], "legal_basis": _consent(scope)}
        self.secrets += _free_text(body)
        referral, etag = await self._open(who, which)
        path = f"/referrals/{referral['id']}/forward"
        did = f"passes the client on to {_named(service)}"
        async with self._step(who, did, which, event, (child, "referral.sent.v1")):
            answer = await self._cast[who].post("referral", path, body, if_match=etag)
            self.record.referrals[child] = answer.json()

    async def look_at_withdrawal(self, who: Person, which: Which) -> JSON:
        """What rests on a consent, and who has seen the client by it."""
        path = f"/referrals/{self.record.referrals[which]['id']}/withdrawal"
        async with self._step(who, "looks at what rests on the consent", which):
            found: JSON = (await self._cast[who].get("referral", path)).json()
        return found

    async def let_time_pass(self, moment: datetime, which: Which, event: str) -> None:
        """Set the platform's clock ahead to `moment`, and wait for what that causes."""
        assert self._set_clock is not None, "only played where there is a clock to set"
        did = f"passes, to {moment:%A %d %B, %H:%M} UTC"
        async with self._step(TIME, did, which, event, patience=_CLOCK_PATIENCE_SECONDS):
            self._set_clock(moment - datetime.now(UTC))

    async def read(self, who: Person, which: Which, event: str | None = None) -> JSON:
        """Open the referral; the first look of the recipient's side is an event of its own."""
        async with self._step(who, "opens the referral", which, event):
            referral, _ = await self._open(who, which)
        return referral

    async def do(
        self, who: Person, which: Which, command: str, event: str, body: JSON | None = None, too: Which | None = None
    ) -> JSON:
        """Open the referral and give a command on what was seen; `too`: another referral to which the same happens."""
        self.secrets += _free_text(body or {})
        referral, etag = await self._open(who, which)
        path = f"/referrals/{referral['id']}/{command}"
        async with self._step(who, _DOES[command], which, event, *([(too, event)] if too else [])):
            done: JSON = (await self._cast[who].post("referral", path, body or {}, if_match=etag)).json()
        return done

    async def find_client(self, who: Person, **known: str) -> JSON:
        """Find a client of one's own organisation again, by what was written down about it."""
        async with self._step(who, f"finds the client again by {' and '.join(known)}"):
            found = (await self._cast[who].post("referral", "/clients/search", dict(known))).json()["contents"]
            if len(found) != 1:
                raise StoryBroke(f"{who.email}: looked for one client by {', '.join(known)} and found {len(found)}")
        client: JSON = found[0]
        return client

    def check(self, name: str, holds: bool, wrong: str) -> None:
        """Write down that something holds on the way, or what is wrong."""
        self.record.checks.append(Check(name, [] if holds else [wrong]))

    async def _open(self, who: Person, which: Which) -> tuple[JSON, str]:
        answer = await self._cast[who].get("referral", f"/referrals/{self.record.referrals[which]['id']}")
        return answer.json(), answer.headers["ETag"]


_DOES: Final = {
    "accept": "accepts the referral",
    "decline": "declines the referral and suggests another service",
    "start": "starts to work with the client",
    "complete": "completes the referral with an outcome",
    "withdraw-consent": "ends what rests on the consent, which the client has taken back",
    "close": "has seen the answer and closes the referral",
}


def made_up_person() -> JSON:
    """A client with a name and an address that no text and no earlier run has."""
    mark = secrets.token_hex(3)
    return {
        "kind": "person",
        "name": f"Esimerkki Asiakas-{mark}",
        "language": "en",
        "email": f"client-{mark}@newcomer.example",
        "contact_via": "client",
    }


def _consent(scope: str) -> JSON:
    given = {"given_on": datetime.now(UTC).date().isoformat(), "how": "oral", "scope": scope}
    return {"kind": "consent", "consent": given}


def _named(service: JSON) -> str:
    return f"{service['name']} ({service['organization']['name']})"


def _free_text(body: Any) -> list[str]:
    """What in a request no notice and no mail may hold: each part of who the client is, and all free text."""
    found: list[str] = []
    for name, value in body.items():
        if isinstance(value, dict):
            found += _free_text(value)
        elif name == "name":
            found += value.split()
        elif name == "phone":
            found += [value[-_SUBSCRIBER_NUMBER:], readable(value).removeprefix("+358 ")]
        elif name in ("email", "reason", "shareable_note", "private_note", "text", "scope") and isinstance(value, str):
            found.append(value)
    return found
