"""A TCP proxy in front of a server, that delays, cuts and half-opens connections."""

import asyncio
import contextlib
import ssl


class Proxy:
    """Passes bytes on between whoever connects and one server on this machine.

    `delay` holds up each piece of an answer, in seconds. While `deaf`, it takes connections and passes nothing on
    in either direction; connections that were open or opened then stay dead for good, as after a pulled cable.
    While `refusing`, it closes whatever comes. With `tls`, it encrypts towards whoever connects. A server that asks
    whether anybody is there learns `probed_after` so many seconds that nobody is.
    """

    def __init__(self, port: int, tls: ssl.SSLContext | None = None, probed_after: float | None = None) -> None:
        self._target = port
        self._probed_after = probed_after
        self._tls = tls
        self._links: set[Link] = set()
        self._meetings: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.delay = 0.0
        self.deaf = False
        self.refusing = False

    async def start(self) -> None:
        """Listen on a free port of this machine."""
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close everything."""
        if self._server:
            self._server.close()
        self.cut()
        for meeting in self._meetings:
            meeting.cancel()
        await asyncio.gather(*self._meetings, return_exceptions=True)

    def cut(self) -> None:
        """Reset every open connection."""
        for link in list(self._links):
            link.reset()

    def half_open(self) -> None:
        """Every open connection is dead from now on, and neither end is told; new ones too while this lasts."""
        self.deaf = True
        for link in self._links:
            link.die(self._probed_after)

    def heal(self) -> None:
        """Pass on what comes over new connections, at once."""
        self.delay, self.deaf, self.refusing = 0.0, False, False

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            return writer.transport.abort()
        meeting = asyncio.current_task()
        assert meeting is not None
        self._meetings.add(meeting)
        meeting.add_done_callback(self._meetings.discard)
        link = Link(self, writer)
        self._links.add(link)
        try:
            await link.carry(reader, self._target)
        except asyncio.CancelledError:
            pass  # the proxy stops
        finally:
            link.reset()
            self._links.discard(link)


class Link:
    """One connection through the proxy."""

    def __init__(self, proxy: Proxy, client: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._ends = [client]
        self.dead = proxy.deaf

    async def carry(self, reader: asyncio.StreamReader, port: int) -> None:
        """Pass bytes on until either end closes."""
        if self.dead:
            return await self._swallow(reader)
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return None
        self._ends.append(server)
        there = asyncio.create_task(self._pipe(reader, server, slowly=False))
        back = asyncio.create_task(self._pipe(answers, self._ends[0], slowly=True))
        try:
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            there.cancel()
            back.cancel()
            await asyncio.gather(there, back, return_exceptions=True)

    async def _pipe(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, slowly: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(65536):
                if slowly and self._proxy.delay:
                    await asyncio.sleep(self._proxy.delay)
                if not self.dead:
                    sink.write(piece)
                    await sink.drain()
            if self.dead:  # the end that closed must not be heard at the other
                await asyncio.Event().wait()

    async def _swallow(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while await reader.read(65536):
                pass

    def die(self, probed_after: float | None) -> None:
        """Pass on nothing more. After so many seconds the server's network finds out, where it asks at all."""
        self.dead = True
        if probed_after is not None:
            asyncio.get_running_loop().call_later(probed_after, self._lose_server)

    def _lose_server(self) -> None:
        for server in self._ends[1:]:
            server.transport.abort()

    def reset(self) -> None:
        """End it at both ends."""
        for end in self._ends:
            end.transport.abort()
