"""Harm from around: clocks that jump, a disk that fills up, a mail server that is away."""

import asyncio
import contextlib
import errno
import random

from tests.faults.lab import WEBS, WORKERS, Lab

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


async def fill_disk(lab: Lab, lot: random.Random) -> None:
    """The disk under the append-only file is full. Needs the small file system that only root can mount."""
    filler = lab.data.valkey / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"\0" * size)
        await asyncio.sleep(4)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
    finally:
        filler.unlink(missing_ok=True)
    await lab.settled_servers()


async def close_mail_server(lab: Lab, lot: random.Random) -> None:
    """The mail server refuses connections, then each mail, then works again."""
    await lab.mail.stop()
    await asyncio.sleep(2)
    lab.mail.refuse_data = "451 come back later"
    await lab.mail.start()
    await asyncio.sleep(2)
    lab.mail.refuse_data = None
