"""FastStream reads a stream for a consumer, and hands its entries over in batches, as they lie."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final, cast

from faststream import AckPolicy
from faststream.redis import RedisBroker, RedisSentinelBroker, StreamSub
from faststream.redis.message import RedisBatchStreamMessage

from shared.consuming.stream_reader import Entry, StreamReader
from shared.redis import ANSWER_SECONDS, SlowRetry, primary_options, sentinel_options, server_options
from shared.redis_address import read_address

_log = logging.getLogger(__name__).getChild("faststream")  # its own logger "faststream" has a handler that is not ours
_log.setLevel(logging.WARNING)  # below that, it reports on each of its tasks

_READ_MS: Final = 1000
"""How long a read waits for entries before it is asked again; well below the time in which an answer must come."""


class _SentinelBroker(RedisSentinelBroker):
    """FastStream's, which when it stops leaves its connections to the Sentinels open."""

    async def stop(self, *args: Any) -> None:
        pool: Any = self._connection.connection_pool if self._connection else None
        await super().stop(*args)
        if pool is not None:
            await pool.sentinel_manager.aclose()


def connect_broker(url: str) -> RedisBroker:
    """FastStream's connection, apart from all others, so that its blocking reads hold up nobody.

    When it stops, it gives a running handler five seconds: less than the time after which the process is killed.
    """
    options: dict[str, Any] = {
        "logger": _log,
        "log_level": logging.DEBUG,
        "graceful_timeout": 5,
        "apply_types": False,  # there is nothing to inject into a handler that takes entries as they lie
        "retry": SlowRetry(),
        "socket_timeout": ANSWER_SECONDS,
        "socket_connect_timeout": ANSWER_SECONDS,
    }
    address = read_address(url)
    if not address.name:
        return RedisBroker(**server_options(address), **options)
    return _SentinelBroker(
        sentinels=address.hosts,
        sentinel_master_name=address.name,
        sentinel_kwargs=sentinel_options(address),
        **primary_options(address),
        **options,
    )


def subscribe(broker: RedisBroker, reader: StreamReader, worker_name: str, batch: int = 100) -> Any:
    """Subscribe `reader` to its stream as consumer `worker_name`; returns FastStream's subscriber.

    Entries arrive as the stream holds them: FastStream's own decoding would call no handler for a batch
    with one bad item. Its acknowledging is off, for an entry is acknowledged only after the commit.
    """
    consumer = reader.consumer
    subscriber = broker.subscriber(
        stream=StreamSub(
            consumer.stream,
            group=consumer.group,
            consumer=worker_name,
            batch=True,
            max_records=batch,
            last_id=">",
            polling_interval=_READ_MS,
        ),
        parser=cast(Any, _as_it_lies),
        decoder=cast(Any, _undecoded),
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
    )

    @subscriber
    async def take(entries: list[Any]) -> None:
        await reader.take_batch(entries)
        if len(entries) < batch:  # after a full one more is waiting, and pausing would make no batch fuller
            await asyncio.sleep(consumer.delay)

    return subscriber


async def _as_it_lies(raw: Mapping[str, Any]) -> RedisBatchStreamMessage:
    return RedisBatchStreamMessage(
        raw_message=cast(Any, raw), body=b"", consumer=cast(Any, None), group=None, content_type=None
    )


async def _undecoded(message: RedisBatchStreamMessage) -> list[Entry]:
    raw = message.raw_message
    return [(entry_id.decode(), fields) for entry_id, fields in zip(raw["message_ids"], raw["data"], strict=True)]
