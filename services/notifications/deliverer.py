"""The deliverer: sends the mail that is due, outside of any transaction, and writes down what became of it."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications.domain import next_attempt
from services.notifications.letters import compose, message_id
from services.notifications.mail import Mailer, Refused
from services.notifications.notices import tell_delivery
from services.notifications.settings import NotificationSettings
from services.notifications.tables import Delivery, Member, Notice, Organization, Preference
from services.notifications.texts import LANGUAGES
from shared import context
from shared.clock import Clock, utc_now
from shared.db import Database, is_outage
from shared.outbox import Outbox
from shared.personal_identity import redact
from shared.together import run_together
from shared.wake import Alarm

log = logging.getLogger(__name__)

CLAIM: Final = timedelta(minutes=2)
"""How long an attempt is nobody else's; longer than any attempt takes."""

_POLL_SECONDS = 1.0
_WAITING: Final = ("pending", "failed")
_TAKE_DUE = text(
    "UPDATE deliveries SET attempts = attempts + 1, next_attempt_at = :until WHERE id IN "
    "(SELECT id FROM deliveries WHERE next_attempt_at <= :now ORDER BY next_attempt_at LIMIT :batch "
    "FOR UPDATE SKIP LOCKED) RETURNING id"
)


@dataclass(frozen=True)
class Errand:
    """One attempt: what to bring to which address, in which languages."""

    delivery: Delivery
    notice: Notice
    to: str
    languages: tuple[str, ...]


class Deliverer:
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
        self._alarm = Alarm(database.listen_dsn, "deliveries")

    async def run(self) -> None:
        """Deliver until cancelled; an outage of the database is waited out."""
        await run_together(self._alarm.listen(), self._deliver_forever())

    async def _deliver_forever(self) -> None:
        while True:
            try:
                taken = await self.step()
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("deliverer waits for its database: %s", type(error).__name__)
                taken = 0
            if taken < self._batch:
                await self._alarm.wait(_POLL_SECONDS)

    async def step(self) -> int:
        """Make one attempt for each of a batch of due deliveries; returns how many were due."""
        now = self._clock()
        async with self._database.transaction() as session:
            params = {"now": now, "until": now + CLAIM, "batch": self._batch}
            due = list((await session.execute(_TAKE_DUE, params)).scalars())
            errands = [errand for errand in [await self._errand(session, taken) for taken in due] if errand]
        done: list[Any] = await asyncio.gather(*map(self._attempt, errands), return_exceptions=True)
        for outcome in done:
            if isinstance(outcome, BaseException):
                raise outcome
        return len(due)

    async def _errand(self, session: AsyncSession, delivery_id: UUID) -> Errand | None:
        """What the attempt takes; None where there is no address any more, and then it is withdrawn."""
        delivery = await session.get_one(Delivery, delivery_id)
        notice = await session.get_one(Notice, delivery.notice_id)
        to, languages = await _address(session, notice)
        if to is None:
            _settle(delivery, "withdrawn", "the recipient has left, or has no address any more")
            session.add(delivery)
            return None
        return Errand(delivery, notice, to, languages)

    async def _attempt(self, errand: Errand) -> None:
        try:
            message = compose(
                errand.notice,
                errand.delivery.id,
                errand.to,
                errand.languages,
                sender=self._settings.mail_from,
                public_url=self._settings.public_url,
            )
            await self._mailer.send(errand.delivery.id, message)
        except Refused as refusal:
            await self._write_failure(errand, str(refusal), for_good=True)
        except Exception as error:
            await self._write_failure(errand, f"{type(error).__name__}: {error}", for_good=False)
        else:
            await self._write_success(errand)

    async def _write_success(self, errand: Errand) -> None:
        async with self._database.transaction() as session:
            delivery = await session.get_one(Delivery, errand.delivery.id, with_for_update=True)
            if delivery.status != "delivered":
                now = self._clock()
                _settle(delivery, "delivered", None)
                delivery.delivered_at = now
                delivery.message_id = message_id(delivery.id, self._settings.mail_from)
                session.add(delivery)
                self._tell(session, "notification.delivered.v1", errand.notice, delivery)

    async def _write_failure(self, errand: Errand, reason: str, *, for_good: bool) -> None:
        log.warning("delivery %s failed, attempt %d", errand.delivery.id, errand.delivery.attempts)
        async with self._database.transaction() as session:
            delivery = await session.get_one(Delivery, errand.delivery.id, with_for_update=True)
            if delivery.status not in _WAITING or delivery.attempts != errand.delivery.attempts:
                return  # withdrawn meanwhile, or in somebody else's hands
            again_at = None if for_good else next_attempt(delivery.attempts, self._clock())
            _settle(delivery, "failed" if again_at else "exhausted", redact(reason)[:500])
            delivery.next_attempt_at = again_at
            session.add(delivery)
            if again_at is None:
                self._tell(session, "notification.delivery_failed.v1", errand.notice, delivery)

    def _tell(self, session: AsyncSession, event_type: str, notice: Notice, delivery: Delivery) -> None:
        with context.using(context.new_context(notice.correlation_id)):
            tell_delivery(session, self._outbox, event_type, notice, delivery, self._clock())


def _settle(delivery: Delivery, status: str, error: str | None) -> None:
    delivery.status = status
    delivery.next_attempt_at = None
    delivery.last_error = error
    delivery.version += 1


async def _address(session: AsyncSession, notice: Notice) -> tuple[str | None, tuple[str, ...]]:
    """Where a notice goes now, and in which languages; nowhere when its recipient has left."""
    if notice.recipient_member_id is None:
        organization = await session.get_one(Organization, notice.recipient_organization_id)
        return organization.email or None, LANGUAGES
    chosen = (
        select(Member, Preference.language)
        .outerjoin(Preference, col(Preference.member_id) == col(Member.id))
        .where(Member.id == notice.recipient_member_id)
    )
    member, language = (await session.exec(chosen)).one()
    return member.email if member.active else None, (language or member.language,)
