"""The stage: what people do through the HTTP APIs, each step shown when those concerned have been told."""

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from luotsi.demo.mailbox import Mailbox
from luotsi.demo.people import JSON, TIME, Cast, Person, Somebody, StoryBroke
from luotsi.demo.record import Check, Record, Step, Which
from luotsi.demo.telling import PATIENCE_SECONDS, Telling

_CLOCK_PATIENCE_SECONDS: Final = 30.0
"""Clocks are looked at every other second, and not at all in a worker's first ten."""

_SUBSCRIBER_NUMBER: Final = len("40 000 1234")
"""The end of a Finnish telephone number, that is written alike with and without the country's code."""


class Stage:
    """Plays what it is told and writes it down. `show` is called with each step when it is over.

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

    async def find_service(self, who: Person, words: str, target_group: str, organization: str) -> JSON:
        """Search the catalogue for the best match that an organisation (a slug) offers.

        It is for the target group, given in English, and takes referrals now.
        """
        begun = time.monotonic()
        params = {"query": words, "target_group": target_group, "language": "en", "accepting": "true"}
        found = (await self._cast[who].get("catalog", "/services", **params)).json()["contents"]
        took = time.monotonic() - begun
        service: JSON | None = next((each for each in found if each["organization"]["slug"] == organization), None)
        if service is None:
            raise StoryBroke(f"{who.email}: no service of {organization} was found by “{words}”")
        did = f"searches for “{words}”, in English for {target_group}, and finds {_named(service)}"
        self._show(self._write(who, did, begun, took))
        return service

    async def look_at_service(self, who: Person, service_id: str) -> JSON:
        """One service of the catalogue, in the words of the reader's language."""
        begun = time.monotonic()
        service: JSON = (await self._cast[who].get("catalog", f"/services/{service_id}")).json()
        took = time.monotonic() - begun
        self._show(self._write(who, f"looks at {_named(service)}", begun, took))
        return service

    async def refer(self, who: Person, which: Which, service: JSON, request: JSON, event: str) -> JSON:
        """Refer a client (`client` or `client_id` in the request) to the service, with a consent for it."""
        basis = _consent(request.pop("scope"))
        body = {"service_id": service["id"], "urgency": "routine", "legal_basis": basis, **request}
        self.secrets += _free_text(body)
        begun = time.monotonic()
        answer = await self._cast[who].post("referral", "/referrals", body, idempotency_key=str(uuid4()))
        took = time.monotonic() - begun
        self.record.referrals[which] = answer.json()
        did = f"refers {'the same client' if 'client_id' in request else 'a client'} to {_named(service)}"
        await self._tell(self._write(who, did, begun, took, which, event))
        return self.record.referrals[which]

    async def forward(self, who: Person, which: Which, child: Which, service: JSON, scope: str, event: str) -> None:
        """Pass a referral on to another organisation's service: a child, sent at once, with a consent of its own."""
        body = {"service_id": service["id"], "legal_basis": _consent(scope)}
        self.secrets += _free_text(body)
        referral, etag = await self._open(self._cast[who], which)
        begun = time.monotonic()
        path = f"/referrals/{referral['id']}/forward"
        answer = await self._cast[who].post("referral", path, body, if_match=etag)
        took = time.monotonic() - begun
        self.record.referrals[child] = answer.json()
        did = f"passes the client on to {_named(service)}"
        await self._tell(self._write(who, did, begun, took, which, event), (child, "referral.sent.v1"))

    async def look_at_withdrawal(self, who: Person, which: Which) -> JSON:
        """What rests on a consent, and who has seen the client by it."""
        begun = time.monotonic()
        path = f"/referrals/{self.record.referrals[which]['id']}/withdrawal"
        found: JSON = (await self._cast[who].get("referral", path)).json()
        self._show(self._write(who, "looks at what rests on the consent", begun, time.monotonic() - begun, which))
        return found

    async def let_it_be(self, moment: datetime, which: Which, event: str) -> None:
        """Set the platform's clock ahead to `moment`, and wait for what that causes."""
        assert self._set_clock is not None, "only played where there is a clock to set"
        begun = time.monotonic()
        self._set_clock(moment - datetime.now(UTC))
        step = self._write(TIME, f"passes, to {moment:%A %d %B, %H:%M} UTC", begun, 0.0, which, event)
        await self._tell(step, patience=_CLOCK_PATIENCE_SECONDS)

    async def read(self, who: Person, which: Which, event: str | None = None) -> JSON:
        """Open the referral; the first look of the recipient's side is an event of its own."""
        begun = time.monotonic()
        referral, _ = await self._open(self._cast[who], which)
        took = time.monotonic() - begun
        await self._tell(self._write(who, "opens the referral", begun, took, which, event))
        return referral

    async def do(
        self, who: Person, which: Which, command: str, event: str, body: JSON | None = None, too: Which | None = None
    ) -> JSON:
        """Open the referral and give a command on what was seen; `too`: another referral to which the same happens."""
        somebody = self._cast[who]
        self.secrets += _free_text(body or {})
        referral, etag = await self._open(somebody, which)
        begun = time.monotonic()
        answer = await somebody.post("referral", f"/referrals/{referral['id']}/{command}", body or {}, if_match=etag)
        took = time.monotonic() - begun
        others = [(too, event)] if too else []
        await self._tell(self._write(who, _DOES[command], begun, took, which, event), *others)
        done: JSON = answer.json()
        return done

    async def find_client(self, who: Person, **known: str) -> JSON:
        """Find a client of one's own organisation again, by what was written down about it."""
        begun = time.monotonic()
        found = (await self._cast[who].post("referral", "/clients/search", dict(known))).json()["contents"]
        took = time.monotonic() - begun
        if len(found) != 1:
            raise StoryBroke(f"{who.email}: looked for one client by {', '.join(known)} and found {len(found)}")
        self._show(self._write(who, f"finds the client again by {' and '.join(known)}", begun, took))
        client: JSON = found[0]
        return client

    def check(self, name: str, holds: bool, wrong: str) -> None:
        """Write down that something holds on the way, or what is wrong."""
        self.record.checks.append(Check(name, [] if holds else [wrong]))

    async def _open(self, somebody: Somebody, which: Which) -> tuple[JSON, str]:
        answer = await somebody.get("referral", f"/referrals/{self.record.referrals[which]['id']}")
        return answer.json(), answer.headers["ETag"]

    def _write(
        self, who: Person, did: str, begun: float, took: float, which: Which | None = None, event: str | None = None
    ) -> Step:
        step = Step(begun - self._begun, who, did, 1000 * took, which, event)
        self.record.steps.append(step)
        return step

    async def _tell(self, step: Step, *more: tuple[Which, str], patience: float = PATIENCE_SECONDS) -> None:
        """Wait until everyone has been told who must be told of the step, and show it; `more`: what else it caused."""
        since = self._begun + step.at + step.took_ms / 1000
        await self._telling.wait(step, {(step.referral, step.event_type), *more}, since, patience)
        self._show(step)


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
    """What in a request must never be told to anybody: who the client is, in each of its parts, and all free text."""
    found: list[str] = []
    for name, value in body.items():
        if isinstance(value, dict):
            found += _free_text(value)
        elif name == "name":
            found += value.split()
        elif name == "phone":
            found.append(value[-_SUBSCRIBER_NUMBER:])
        elif name in ("email", "reason", "shareable_note", "private_note", "text", "scope") and isinstance(value, str):
            found.append(value)
    return found
