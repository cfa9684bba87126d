"""Faults from around: clocks that jump, a mail server that is away."""

import asyncio
import random

from tests.faults.hands import WEBS, WORKERS
from tests.faults.lab import Lab

JUMP_SECONDS = 15.0


async def jump_clocks(lab: Lab, lot: random.Random) -> None:
    """The clocks of some processes are ahead, those of others behind; then all go right again."""
    files = []
    for name in lot.sample((*WORKERS, *WEBS), 4):
        file = lab.folder / f"{name}.clock"
        file.write_text(str(lot.choice((-JUMP_SECONDS, JUMP_SECONDS))))
        files.append(file)
    await asyncio.sleep(5)
    for file in files:
        file.unlink()


async def close_mail_server(lab: Lab, lot: random.Random) -> None:
    """The mail server refuses connections, then each mail, then works again."""
    await lab.mail.stop()
    await asyncio.sleep(2)
    lab.mail.refuse_data = "451 come back later"
    await lab.mail.start()
    await asyncio.sleep(2)
    lab.mail.refuse_data = None
