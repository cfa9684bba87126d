"""Before a process serves: it ends where its keys open nobody's data, instead of closing more data with them."""

import asyncio
import logging
import os
import signal
import sys
import threading
import time

from services.referral.settings import WebSettings, vault_of
from services.referral.use_cases.key_check import OPENS_NOTHING, opens_some
from shared.database.connections import Database

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 2.0


def refuse_other_keys(settings: WebSettings) -> None:
    """End the process (2), saying why, when its keys open no client's key that is there.

    While the database is away the process goes on, as it may serve again by itself, and ends once the answer is known.
    """
    fits = _look(settings)
    if fits is None:
        threading.Thread(target=_end_once_known, args=(settings,), name="key check", daemon=True).start()
    elif not fits:
        _say()
        sys.exit(2)


def _look(settings: WebSettings) -> bool | None:
    """Whether the keys fit; None when the database does not answer."""

    async def look() -> bool:
        database = Database(settings.database_url.get_secret_value(), pool_size=1)
        try:
            async with database.reading() as reader:
                return await opens_some(reader, vault_of(settings))
        finally:
            await database.close()

    try:
        return asyncio.run(look())
    except Exception as error:  # the process says by itself what else is wrong with its database
        log.warning("the keys wait to be checked: %s", type(error).__name__)
        return None


def _end_once_known(settings: WebSettings) -> None:
    while (fits := _look(settings)) is None:
        time.sleep(_PAUSE_SECONDS)
    if not fits:
        _say()
        os.kill(os.getpid(), signal.SIGTERM)  # it stops in order, and its next start ends as above


def _say() -> None:
    print(OPENS_NOTHING, file=sys.stderr, flush=True)  # noqa: T201  also where logging is not set up yet
