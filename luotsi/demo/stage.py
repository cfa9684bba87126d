"""The stage: what people do through the HTTP APIs, and the wait until those concerned have been told."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from luotsi.demo.mailbox import POLL_SECONDS, Mailbox
from luotsi.demo.people import JSON, Cast, Person, Somebody, StoryBroke
from luotsi.demo.record import Check, Expected, Record, Step, Told, Which

PATIENCE_SECONDS: Final = 10.0
"""How long a notice or a mail may take. After the first that did not come, the others get half a second each."""

_SHORT_PATIENCE_SECONDS: Final = 0.5
_SUBSCRIBER_NUMBER: Final = len("40 000 1234")
"""The end of a Finnish telephone number, that is written alike with and without the country's code."""


class Stage:
    """Plays what it is told and writes it down. `show` is called with each step when it is over."""

    def __init__(self, cast: Cast, mailbox: Mailbox, record: Record, show: Callable[[Step], None]) -> None:
        self.record = record
        self.secrets: list[str] = []
        self._cast = cast
        self._mailbox = mailbox
        self._show = show
        self._begun = time.monotonic()
        self._patience = PATIENCE_SECONDS

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

    async def refer(self, who: Person, which: Which, service: JSON, request: JSON, event: str) -> None:
        """Refer a client (`client` or `client_id` in the request) to the service, with a consent for it."""
        consent = {"given_on": datetime.now(UTC).date().isoformat(), "how": "oral", "scope": request.pop("scope")}
        body = {
            "service_id": service["id"],
            "urgency": "routine",
            "legal_basis": {"kind": "consent", "consent": consent},
            **request,
        }
        self.secrets += _free_text(body)
        begun = time.monotonic()
        answer = await self._cast[who].post("referral", "/referrals", body, idempotency_key=str(uuid4()))
        took = time.monotonic() - begun
        self.record.referrals[which] = answer.json()
        did = f"refers {'the same client' if 'client_id' in request else 'a client'} to {_named(service)}"
        await self._tell(self._write(who, did, begun, took, which, event))

    async def read(self, who: Person, which: Which, event: str | None = None) -> JSON:
        """Open the referral; the first look of the recipient's side is an event of its own."""
        begun = time.monotonic()
        referral, _ = await self._open(self._cast[who], which)
        took = time.monotonic() - begun
        await self._tell(self._write(who, "opens the referral", begun, took, which, event))
        return referral

    async def do(self, who: Person, which: Which, command: str, event: str, body: JSON | None = None) -> JSON:
        """Open the referral and give a command on what was seen."""
        somebody = self._cast[who]
        self.secrets += _free_text(body or {})
        referral, etag = await self._open(somebody, which)
        begun = time.monotonic()
        answer = await somebody.post("referral", f"/referrals/{referral['id']}/{command}", body or {}, if_match=etag)
        took = time.monotonic() - begun
        await self._tell(self._write(who, _DOES[command], begun, took, which, event))
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

    async def _tell(self, step: Step) -> None:
        """Wait until everyone has been told who must be told of the step, and show it."""
        since = self._begun + step.at + step.took_ms / 1000
        concerned = [
            expected
            for expected in self.record.expected
            if (expected.referral, expected.event_type) == (step.referral, step.event_type)
        ]
        step.told = [Told(expected) for expected in concerned]
        await asyncio.gather(*(self._wait_for_both(told, since) for told in step.told))
        self._show(step)

    async def _wait_for_both(self, told: Told, since: float) -> None:
        await self._wait_for_notice(told, since)
        if self.record.mail_is_read:
            await self._wait_for_mail(told, since)

    async def _wait_for_notice(self, told: Told, since: float) -> None:
        somebody = self._cast[told.expected.person]
        last_without: float | None = None
        while True:
            begun = time.monotonic()
            notice = await self._look_for_notice(somebody, told.expected)
            now = time.monotonic()
            if notice is not None:
                told.notice_id, told.title, told.body = notice["id"], notice["title"], notice["body"]
                told.notice_ms = 1000 * (now - since)
                told.notice_gap_ms = None if last_without is None else 1000 * (now - last_without)
                await somebody.post("notifications", f"/notices/{notice['id']}/seen", {})
                return
            if now - since > self._patience:
                self._patience = _SHORT_PATIENCE_SECONDS
                return
            last_without = now
            await asyncio.sleep(max(0.0, begun + POLL_SECONDS - now))

    async def _look_for_notice(self, somebody: Somebody, expected: Expected) -> JSON | None:
        referral_id = self.record.referrals[expected.referral]["id"]
        unseen = (await somebody.get("notifications", "/notices", unseen="true")).json()["contents"]
        wanted = (referral_id, expected.event_type)
        found = (notice for notice in unseen if (notice["referral_id"], notice["event_type"]) == wanted)
        return next(found, None)

    async def _wait_for_mail(self, told: Told, since: float) -> None:
        """The mail is known by its subject, which is the notice's title; by its coming when there is no notice."""
        referral_id = self.record.referrals[told.expected.referral]["id"]
        taken = {other.mail_file for other in self.record.told}
        while True:
            found = self._mailbox.to(told.expected.person.email, referral_id, told.title)
            fresh = [mail for mail in found if mail.file not in taken]
            if fresh:
                told.mail_file, told.mail_subject = fresh[0].file, fresh[0].subject
                told.mail_ms = 1000 * (fresh[0].seen_at - since)
                return
            if time.monotonic() - since > self._patience:
                self._patience = _SHORT_PATIENCE_SECONDS
                return
            await asyncio.sleep(POLL_SECONDS)


_DOES: Final = {
    "accept": "accepts the referral",
    "decline": "declines the referral and suggests another service",
    "start": "starts to work with the client",
    "complete": "completes the referral with an outcome",
    "close": "has seen the answer and closes the referral",
}


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
