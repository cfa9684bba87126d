"""Before a process serves: it ends where its keys open nothing of what is sealed, instead of sealing more with them."""

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from shared import figures
from shared.database.connections import Database
from shared.database.reader import Reader

log = logging.getLogger(__name__)

Look = Callable[[Reader], Awaitable[bool]]
"""Whether the keys open something of what is there, or nothing is"""

_PAUSE_SECONDS: Final = 2.0


def refuse_other_keys(database_url: str, look: Look, opens_nothing: str) -> None:
    """End the process (2), saying `opens_nothing`, when its keys open nothing of what is there.

    While the database is away the process goes on, as it may serve again by itself, and ends once the answer is known.
    """
    fits = _ask(database_url, look)
    if fits is None:
        arguments = (database_url, look, opens_nothing)
        threading.Thread(target=_end_once_known, args=arguments, name="key check", daemon=True).start()
    elif not fits:
        _say(opens_nothing)
        sys.exit(2)


def keys_look(service: str, look: Look) -> figures.Look:
    """Looks whether they still do, for monitors: another database may have been put in the place of the first."""

    async def seen(connection: AsyncConnection) -> figures.Seen:
        fits = await look(Reader(connection))
        what = "Whether the keys of the service open something of what is sealed, or nothing is (1), or none of it (0)"
        return figures.Seen(
            "keys", fits, (figures.Figure("luotsi_keys_open", what, float(fits), {"service": service}),)
        )

    return seen


def _ask(database_url: str, look: Look) -> bool | None:
    """Whether the keys fit; None when the database does not answer."""

    async def ask() -> bool:
        database = Database(database_url, pool_size=1)
        try:
            async with database.reading() as reader:
                return await look(reader)
        finally:
            await database.close()

    try:
        return asyncio.run(ask())
    except Exception as error:  # the process says by itself what else is wrong with its database
        log.warning("the keys wait to be checked: %s", type(error).__name__)
        return None


def _end_once_known(database_url: str, look: Look, opens_nothing: str) -> None:
    while (fits := _ask(database_url, look)) is None:
        time.sleep(_PAUSE_SECONDS)
    if not fits:
        _say(opens_nothing)
        os.kill(os.getpid(), signal.SIGTERM)  # it stops in order, and its next start ends as above


def _say(opens_nothing: str) -> None:
    print(opens_nothing, file=sys.stderr, flush=True)  # noqa: T201  also where logging is not set up yet
