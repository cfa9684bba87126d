"""The wait until everyone concerned has been told: the notice in the inbox, the mail in its folder."""

import asyncio
import time
from collections.abc import Collection
from typing import Final, Literal

from luotsi.demo.mailbox import POLL_SECONDS, Mailbox
from luotsi.demo.people import JSON, Cast, Somebody
from luotsi.demo.record import Expected, Record, Step, Told, Which

PATIENCE_SECONDS: Final = 10.0
"""How long a notice or a mail may take. After the first that did not come, the others of its kind get half a second."""

_SHORT_PATIENCE_SECONDS: Final = 0.5
_SHARE_OF_WAIT: Final = 0.1
"""An inbox is asked again after a tenth of the wait so far: an account may make only so many requests in a minute."""

Channel = Literal["notice", "mail"]


class Telling:
    """Waits for what the record expects, and writes down when it came."""

    def __init__(self, cast: Cast, mailbox: Mailbox, record: Record) -> None:
        self._cast = cast
        self._mailbox = mailbox
        self._record = record
        self._disappointed: set[Channel] = set()

    async def wait(
        self, step: Step, caused: Collection[tuple[Which | None, str | None]], since: float, patience: float
    ) -> None:
        """Wait for all that is expected of the events that the step `caused`, `patience` seconds from `since` on."""
        concerned = [each for each in self._record.expected if (each.referral, each.event_type) in caused]
        step.told = [Told(expected) for expected in concerned]
        await asyncio.gather(*(self._wait_for_both(told, since, patience) for told in step.told))

    def _patience(self, channel: Channel, patience: float) -> float:
        return min(patience, _SHORT_PATIENCE_SECONDS) if channel in self._disappointed else patience

    async def _wait_for_both(self, told: Told, since: float, patience: float) -> None:
        await self._wait_for_notice(told, since, patience)
        if self._record.mail_is_read:
            await self._wait_for_mail(told, since, patience)

    async def _wait_for_notice(self, told: Told, since: float, patience: float) -> None:
        somebody = self._cast[told.expected.person]
        patience = self._patience("notice", patience)
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
            if now - since > patience:
                self._disappointed.add("notice")
                return
            last_without = now
            await asyncio.sleep(max(0.0, begun + POLL_SECONDS - now, _SHARE_OF_WAIT * (now - since)))

    async def _look_for_notice(self, somebody: Somebody, expected: Expected) -> JSON | None:
        referral_id = self._record.referrals[expected.shown]["id"]
        unseen = (await somebody.get("notifications", "/notices", unseen="true")).json()["contents"]
        wanted = (referral_id, expected.event_type)
        found = (notice for notice in unseen if (notice["referral_id"], notice["event_type"]) == wanted)
        return next(found, None)

    async def _wait_for_mail(self, told: Told, since: float, patience: float) -> None:
        """The mail is known by its first line, the notice's title; by its coming when there is no notice."""
        reference = self._record.referrals[told.expected.shown]["reference"]
        patience = self._patience("mail", patience)
        taken = {other.mail_file for other in self._record.told}
        while True:
            found = self._mailbox.to(told.expected.person.email, reference, told.title)
            fresh = [mail for mail in found if mail.file not in taken]
            if fresh:
                told.mail_file, told.mail_subject = fresh[0].file, fresh[0].subject
                told.mail_ms = 1000 * (fresh[0].seen_at - since)
                return
            if time.monotonic() - since > patience:
                self._disappointed.add("mail")
                return
            await asyncio.sleep(POLL_SECONDS)
