"""The deliverer: sends the mail that is due, outside of any transaction, and writes down what became of it."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications.channels.email import Mailer, Refused
from services.notifications.channels.email_rendering import compose, message_id
from services.notifications.domain import next_attempt
from services.notifications.settings import NotificationSettings
from services.notifications.tables import Delivery
from services.notifications.texts import LANGUAGES
from services.notifications.use_cases.delivery_failures import DELIVERY_FAILED, tell_delivery_failure
from services.notifications.use_cases.notices import TURN, PlainDelivery, PlainNotice, tell_delivery
from shared import context
from shared.clock import Clock, utc_now
from shared.consuming.inbox import take_turn
from shared.database.connections import Database, run_plainly
from shared.database.outages import waited_out
from shared.events import Envelope
from shared.personal_identity import redact
from shared.publishing.notify_listener import BATCH_DELAY, NotifyListener
from shared.publishing.outbox import Outbox
from shared.task_group import run_task_group

log = logging.getLogger(__name__)

CLAIM: Final = timedelta(minutes=2)
"""How long an attempt is nobody else's; longer than any attempt takes."""

_POLL_SECONDS = 1.0
_WAITING: Final = ("pending", "failed")
_TAKE_DUE = """
WITH due AS (
    SELECT id FROM deliveries WHERE next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE deliveries SET attempts = attempts + 1, next_attempt_at = $2 FROM due WHERE deliveries.id = due.id
    RETURNING deliveries.id, notice_id, attempts
)
SELECT
    taken.id AS delivery_id, taken.attempts, coalesce(preferences.language, members.language) AS language,
    CASE WHEN recipient_member_id IS NULL THEN organizations.email
    WHEN members.active THEN members.email END AS address,
    notices.id, event_id, event_type, correlation_id, referral_id, reference,
    recipient_organization_id, recipient_member_id, about, created_at
FROM taken JOIN notices ON notices.id = taken.notice_id
LEFT JOIN organizations ON organizations.id = recipient_organization_id
LEFT JOIN members ON members.id = recipient_member_id
LEFT JOIN preferences ON preferences.member_id = recipient_member_id
ORDER BY taken.id
"""
_WITHDRAW = """
UPDATE deliveries SET status = 'withdrawn', next_attempt_at = NULL, version = version + 1,
last_error = 'the recipient has left, or has no address any more' WHERE id = ANY($1::uuid[])
"""
# Locked in the order of the notices, as whoever withdraws the mail of somebody who leaves does.
_DELIVERED = """
WITH sent AS (
    SELECT id, named.message_id FROM deliveries JOIN unnest($1::uuid[], $2::text[]) AS named(id, message_id) USING (id)
    WHERE status <> 'delivered' ORDER BY notice_id FOR UPDATE OF deliveries
)
UPDATE deliveries SET status = 'delivered', next_attempt_at = NULL, last_error = NULL, delivered_at = $3,
message_id = sent.message_id, version = version + 1
FROM sent WHERE deliveries.id = sent.id
RETURNING deliveries.id, notice_id, channel, status, attempts, version
"""
_NOTICE: Final = tuple(field.name for field in fields(PlainNotice))


@dataclass(frozen=True)
class DeliveryAttempt:
    """The `attempts`-th attempt of a delivery: what to bring to which address, in which languages."""

    delivery_id: UUID
    attempts: int
    notice: PlainNotice
    to: str
    languages: tuple[str, ...]


class DeliveryQueue:
    """Any number of them may work on one database: each takes what no other has in hand."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        mailer: Mailer,
        settings: NotificationSettings,
        clock: Clock = utc_now,
        batch: int = 10,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._mailer = mailer
        self._settings = settings
        self._clock = clock
        self._batch = batch
        self._sent: list[DeliveryAttempt] = []
        self._writing = asyncio.Lock()
        self._alarm = NotifyListener(database.listen_dsn, "deliveries")

    async def run(self) -> None:
        """Deliver until cancelled; an outage of the database is waited out."""
        await run_task_group(self._alarm.listen(), self._deliver_forever())

    async def _deliver_forever(self) -> None:
        while True:
            taken = 0
            with waited_out("deliverer"):
                taken = await self.step()
            if taken < self._batch:
                await asyncio.sleep(BATCH_DELAY if taken else 0)
                await self._alarm.wait(_POLL_SECONDS)

    async def step(self) -> int:
        """Make one attempt for each of a batch of due deliveries; returns how many were due."""
        now = self._clock()
        async with self._database.transaction() as session:
            due = await run_plainly(session, _TAKE_DUE, now, now + CLAIM, self._batch)
            if nowhere := [row["delivery_id"] for row in due if not row["address"]]:
                await run_plainly(session, _WITHDRAW, nowhere)
        attempts_due = [_attempt_of(row) for row in due if row["address"]]
        done: list[Any] = await asyncio.gather(*map(self._attempt, attempts_due), return_exceptions=True)
        for outcome in done:
            if isinstance(outcome, BaseException):
                raise outcome
        return len(due)

    async def _attempt(self, attempt: DeliveryAttempt) -> None:
        try:
            message = compose(
                attempt.notice,
                attempt.delivery_id,
                attempt.to,
                attempt.languages,
                sender=self._settings.mail_from,
                public_url=self._settings.public_url,
            )
            await self._mailer.send(attempt.delivery_id, message)
        except Refused as refusal:
            await self._write_failure(attempt, str(refusal), for_good=True)
        except Exception as error:
            await self._write_failure(attempt, f"{type(error).__name__}: {error}", for_good=False)
        else:
            self._sent.append(attempt)
            async with self._writing:  # whoever comes first writes down what was sent while another did
                sent, self._sent = self._sent, []
                if sent:
                    await self._write_success(sent)

    async def _write_success(self, sent: Sequence[DeliveryAttempt]) -> None:
        now = self._clock()
        notices = {attempt.delivery_id: attempt.notice for attempt in sent}
        message_ids = [message_id(delivery_id, self._settings.mail_from) for delivery_id in notices]
        async with self._database.transaction() as session:
            for row in await run_plainly(session, _DELIVERED, list(notices), message_ids, now):
                self._tell(session, "notification.delivered.v1", notices[row["id"]], PlainDelivery(**row))

    async def _write_failure(self, attempt: DeliveryAttempt, reason: str, *, for_good: bool) -> None:
        log.warning("delivery %s failed, attempt %d", attempt.delivery_id, attempt.attempts)
        again_at = None if for_good else next_attempt(attempt.attempts, self._clock())
        async with self._database.transaction() as session:
            if again_at is None:
                await take_turn(session, TURN)
            delivery = await session.get_one(Delivery, attempt.delivery_id, with_for_update=True)
            if delivery.status not in _WAITING or delivery.attempts != attempt.attempts:
                return  # withdrawn meanwhile, or in somebody else's hands
            delivery.status = "failed" if again_at else "exhausted"
            delivery.last_error = redact(reason)[:500]
            delivery.next_attempt_at = again_at
            delivery.version += 1
            session.add(delivery)
            if again_at is None:
                event = self._tell(session, DELIVERY_FAILED, attempt.notice, delivery)
                await tell_delivery_failure(session, self._outbox, event, attempt.notice)

    def _tell(
        self, session: AsyncSession, event_type: str, notice: PlainNotice, delivery: Delivery | PlainDelivery
    ) -> Envelope:
        with context.using(context.new_context(notice.correlation_id)):
            return tell_delivery(session, self._outbox, event_type, notice, delivery, self._clock())


def _attempt_of(row: Any) -> DeliveryAttempt:
    notice = PlainNotice(**{name: row[name] for name in _NOTICE})
    languages = LANGUAGES if notice.recipient_member_id is None else (row["language"],)
    return DeliveryAttempt(row["delivery_id"], row["attempts"], notice, row["address"], languages)
