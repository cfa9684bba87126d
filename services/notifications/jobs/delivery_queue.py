"""The delivery queue: claims deliveries that are due, has a channel make them, and writes down what became of them."""

import asyncio
import logging
from datetime import timedelta
from typing import Any, Final

from prometheus_client import Counter

from services.notifications.channels.channel import Channel, DeliveryAttempt, NoAddress, NotNow, Refused
from services.notifications.domain.failures import in_short
from services.notifications.domain.retries import CLAIM, next_attempt
from services.notifications.use_cases import deliveries
from shared import context, tracing
from shared.clock import Clock, utc_now
from shared.database.connections import Database
from shared.database.outages import waited_out
from shared.publishing.notify_listener import BATCH_DELAY, NotifyListener
from shared.publishing.outbox import Outbox
from shared.task_group import run_task_group

log = logging.getLogger(__name__)

DELIVERIES: Final = Counter(
    "luotsi_delivery_attempts",
    "Attempts to bring a notice to its recipient, by what came of them",
    ["channel", "outcome"],
)
_OUTCOMES: Final = ("delivered", "failed", "given_up", "withdrawn")

ATTEMPT_LIMIT: Final = timedelta(seconds=100)
"""After how long an attempt is ended and counts as failed: within `CLAIM`, with time left to write that down."""

_POLL_SECONDS = 1.0


class DeliveryQueue:
    """Makes the deliveries of one channel; each channel has its own, so that a slow one holds up no other.

    Any number of them may work on one database: each claims what no other has claimed. No transaction is open during
    an attempt. When a process dies after an attempt and before that is written down, the delivery is made once more.
    """

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        channel: Channel,
        clock: Clock = utc_now,
        batch: int = 10,
        attempt_limit: timedelta = ATTEMPT_LIMIT,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._channel = channel
        self._ended = {outcome: DELIVERIES.labels(channel.name, outcome) for outcome in _OUTCOMES}
        self._clock = clock
        self._batch = batch
        self._attempt_limit = attempt_limit
        self._sent: list[tuple[DeliveryAttempt, str]] = []
        self._writing = asyncio.Lock()
        self._listener = NotifyListener(database.url, "deliveries")

    async def run(self) -> None:
        """Deliver until cancelled; an outage of the database is waited out."""
        await run_task_group(self._listener.listen(), self._deliver_forever())

    async def _deliver_forever(self) -> None:
        while True:
            claimed = 0
            with waited_out("delivery queue"):
                claimed = await self.step()
            if claimed < self._batch:
                await asyncio.sleep(BATCH_DELAY if claimed else 0)
                await self._listener.wait(_POLL_SECONDS)

    async def step(self) -> int:
        """Make one attempt for each of a batch of due deliveries; returns how many were due."""
        await self._write_sent()
        now = self._clock()
        async with self._database.transaction() as tx:
            due = await deliveries.claim_due(tx, self._channel.name, now, now + CLAIM, self._batch)
        outcomes: list[Any] = await asyncio.gather(*map(self._attempt, due), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return len(due)

    async def _attempt(self, attempt: DeliveryAttempt) -> None:
        notice = attempt.notice
        origin = context.following(notice.correlation_id, notice.traceparent) if tracing.is_on() else None
        about: tracing.Attributes = {"luotsi.channel": self._channel.name, "luotsi.attempt": attempt.number}
        with tracing.span("client", f"deliver {self._channel.name}", origin, about) as span:
            await self._make(attempt, span)

    async def _make(self, attempt: DeliveryAttempt, span: tracing.Span) -> None:
        try:
            if attempt.recipient_left:
                raise NoAddress
            message_id = await self._deliver(attempt)
        except NoAddress:
            async with self._database.transaction() as tx:
                await deliveries.withdraw(tx, attempt)
            self._ended["withdrawn"].inc()
        except Refused as refusal:
            span.fail("Refused")
            await self._write_failure(attempt, str(refusal), for_good=True)
        except NotNow as failure:
            await self._write_failure(attempt, str(failure), for_good=False)
        except Exception as error:
            span.fail(type(error).__name__)
            await self._write_failure(attempt, f"{type(error).__name__}: {error}", for_good=False)
        else:
            await self._write_success(attempt, message_id)

    async def _deliver(self, attempt: DeliveryAttempt) -> str:
        """Have the channel deliver; returns the id of the message. Raises TimeoutError at the limit."""
        try:
            async with asyncio.timeout(self._attempt_limit.total_seconds()) as limit:
                return await self._channel.deliver(attempt)
        except TimeoutError:
            if limit.expired():
                raise TimeoutError(f"no answer within {self._attempt_limit.total_seconds():g} seconds") from None
            raise

    async def _write_success(self, attempt: DeliveryAttempt, message_id: str) -> None:
        self._sent.append((attempt, message_id))
        await self._write_sent()

    async def _write_sent(self) -> None:
        """Write down together what has succeeded since the last time; what can't be written is kept for the next."""
        async with self._writing:
            sent = list(self._sent)
            if sent:
                async with self._database.transaction() as tx:
                    await deliveries.mark_delivered(tx, self._outbox, sent, self._clock())
                del self._sent[: len(sent)]
                self._ended["delivered"].inc(len(sent))

    async def _write_failure(self, attempt: DeliveryAttempt, reason: str, *, for_good: bool) -> None:
        log.warning("delivery %s failed, attempt %d: %s", attempt.delivery_id, attempt.number, in_short(reason))
        now = self._clock()
        again_at = None if for_good else next_attempt(attempt.number, now)
        async with self._database.transaction() as tx:
            if again_at is None:
                await deliveries.give_up(tx, self._outbox, attempt, reason, now)
            else:
                await deliveries.mark_failed(tx, attempt, reason, again_at)
        self._ended["given_up" if again_at is None else "failed"].inc()
