"""Connections to a mail server: each is kept for a moment, for the next mail."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

import aiosmtplib

_MOST_MAILS: Final = 50
"""After so many a connection is ended: mail servers take only so many over one."""


@dataclass(eq=False)
class _Connection:
    client: aiosmtplib.SMTP
    mails: int = 0


class Connections:
    """As many as mails are under way. `make` gives a client that is not connected yet.

    One that was used is ended `rest_seconds` later, unless another mail needs it meanwhile; with 0 at once.
    """

    def __init__(self, make: Callable[[], aiosmtplib.SMTP], rest_seconds: float) -> None:
        self._make = make
        self._rest_seconds = rest_seconds
        self._at_rest: dict[_Connection, asyncio.TimerHandle] = {}
        self._ending: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection, for one mail. Raises what goes wrong while it is opened."""
        connection = await self._awake() or await self._opened()
        connection.mails += 1
        try:
            yield connection.client
        except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused):
            await self._let_go(connection)  # an answer: the next mail may get another
            raise
        except BaseException:
            connection.client.close()
            raise
        await self._let_go(connection)

    async def _awake(self) -> _Connection | None:
        """The one at rest that was used last and still answers; None without any."""
        while self._at_rest:
            connection, ends = self._at_rest.popitem()
            ends.cancel()
            with suppress(aiosmtplib.SMTPException, OSError):
                await connection.client.rset()
                return connection
            connection.client.close()
        return None

    async def _opened(self) -> _Connection:
        client = self._make()
        try:
            await client.connect()
        except BaseException:
            client.close()
            raise
        return _Connection(client)

    async def _let_go(self, connection: _Connection) -> None:
        if not self._rest_seconds or connection.mails >= _MOST_MAILS or not connection.client.is_connected:
            return await _end(connection.client)
        ends = asyncio.get_running_loop().call_later(self._rest_seconds, self._end_later, connection)
        self._at_rest[connection] = ends

    def _end_later(self, connection: _Connection) -> None:
        del self._at_rest[connection]
        ending = asyncio.create_task(_end(connection.client))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)


async def _end(client: aiosmtplib.SMTP) -> None:
    """Take leave, and close; a server that is gone is none to take leave of."""
    try:
        with suppress(aiosmtplib.SMTPException, OSError):
            await client.quit()
    finally:
        client.close()
