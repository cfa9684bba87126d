"""A worker process: relay, consumers, janitors and watchdog of one service, and whatever else it brings."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import Any, Self

import uvloop
from faststream.redis import RedisBroker
from redis.exceptions import RedisError

from shared import telemetry, tracing
from shared.consuming.inbox import Consumer
from shared.consuming.janitor import Janitor
from shared.consuming.monitor import Monitor
from shared.consuming.service_watch import ServiceWatch
from shared.consuming.stream_reader import StreamReader, ensure_group
from shared.consuming.subscribing import connect_broker, subscribe
from shared.consuming.watchdog import StoppedConsuming, Watchdog
from shared.consuming.worker_name import NameTaken, WorkerName
from shared.database.connections import Database
from shared.figures import Look
from shared.garbage import keep_what_is_loaded
from shared.metrics import count_from_zero
from shared.publishing.event_packer import EventPacker
from shared.publishing.relay import Relay
from shared.redis import ANSWER_SECONDS, RawRedis, connect
from shared.services import get_service
from shared.settings import Settings
from shared.task_group import run_task_group

log = logging.getLogger(__name__)

Job = Callable[[], Coroutine[Any, Any, None]]
Read = tuple[Consumer, Any]
"""What is read, and FastStream's subscriber that reads it."""


class Worker:
    """Runs the backbone of `service`: a relay, where it writes a stream, and a reader for each consumer.

    `jobs` are further endless tasks, started and cancelled with the rest.
    """

    def __init__(
        self,
        service: str,
        settings: Settings,
        database: Database,
        consumers: Sequence[Consumer],
        jobs: Sequence[Job] = (),
        relay_delay: float = 0.0,
    ):
        self._service = get_service(service)
        self._settings = settings
        self._database = database
        self._jobs = jobs
        self.redis: RawRedis = connect(
            settings.redis_url.get_secret_value(), socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS
        )
        stream = self._service.stream
        self.relay = Relay(database, self.redis, stream, settings.worker_name, delay=relay_delay) if stream else None
        self._looks: Sequence[Look] = ()
        count_from_zero(stream, service, [consumer.stream for consumer in consumers])
        self.readers = [StreamReader(database, self.redis, consumer) for consumer in consumers]

    def watching(self, *looks: Look) -> Self:
        """Also tell monitors what these looks find in the service's database."""
        self._looks = looks
        return self

    def packing_events(self, leaving: Collection[str] = ()) -> Self:
        """Also pack events at rest, as the settings say; those of the types `leaving` are never at rest."""
        days, stream = self._settings.events_packed_after_days, self._service.stream
        if days and stream:
            packer = EventPacker(self._database, self.redis, stream, days, leaving)
            self._jobs = [*self._jobs, packer.run]
        return self

    async def run(self) -> None:
        """Run until cancelled. Raises StoppedConsuming or NameTaken (in a group) when it must not go on."""
        name = self._settings.worker_name
        held = WorkerName(self._database, name)
        broker = connect_broker(self._settings.redis_url.get_secret_value())
        reads = [(reader.consumer, subscribe(broker, reader, name)) for reader in self.readers]
        janitors = [Janitor(self.redis, reader, name) for reader in self.readers]
        watchdog = Watchdog(self._database, self.redis, reads, self._settings.heartbeat_file)
        try:
            await run_task_group(self._begin(held, broker, reads, janitors))  # a cancellation can get lost in it, too
            await run_task_group(
                held.keep(),
                *([self.relay.run()] if self.relay else []),
                watchdog.run(),
                *self._monitors(watchdog),
                *(janitor.run() for janitor in janitors),
                *(job() for job in self._jobs),
            )
        finally:
            await _stop_reading(broker, reads)
            await self.close()

    def _monitors(self, watchdog: Watchdog) -> list[Coroutine[Any, Any, None]]:
        """What answers monitors, where they are given a port."""
        settings = self._settings
        if not settings.metrics_port:
            return []
        watch = ServiceWatch(self._service, self._database, self.redis, self._looks)
        return [Monitor(settings.host, settings.metrics_port, watch, watchdog).run()]

    async def close(self) -> None:
        """Close the connections."""
        await self.redis.aclose()
        await self._database.close()

    async def _begin(
        self, held: WorkerName, broker: RedisBroker, reads: Sequence[Read], janitors: Sequence[Janitor]
    ) -> None:
        """Create the groups, finish what an earlier run left, and only then read new entries; waits out Redis.

        What an earlier run left is told by the name, so nobody else may be at work under it.
        """
        await held.take()
        while True:
            try:
                for reader in self.readers:
                    await ensure_group(self.redis, reader.consumer.stream, reader.consumer.group)
                for janitor in janitors:
                    await janitor.recover_own()
                return await broker.start()
            except (RedisError, TimeoutError) as error:  # FastStream gives a read three seconds to begin
                log.warning("waiting for Redis: %s", type(error).__name__)
                await _stop_reading(broker, reads)
                await asyncio.sleep(1)


async def _stop_reading(broker: RedisBroker, reads: Sequence[Read]) -> None:
    reading = [task for _, subscriber in reads for task in subscriber.tasks]
    await broker.stop()
    if reading:  # a handler cut short rolls back before its connection is closed under it
        await asyncio.wait(reading, timeout=2)


def run(service: str, settings: Settings, worker: Callable[[], Worker]) -> None:
    """Run a worker as this process: ends with 0 on SIGTERM or SIGINT, with 1 when it must not go on."""
    telemetry.configure_logging(service, settings.log_level)
    tracing.configure(f"{service}-worker", settings.otel_exporter_otlp_endpoint)

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, task.cancel)
        built = worker()
        keep_what_is_loaded()
        await built.run()

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main())
    except asyncio.CancelledError:
        log.info("stopped")
    except BaseExceptionGroup as group:
        stopped = group.subgroup((StoppedConsuming, NameTaken))
        for error in (stopped or group).exceptions:
            log.critical("worker ends: %s", error, exc_info=None if stopped else error)
        sys.exit(1)
