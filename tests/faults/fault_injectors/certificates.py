"""The mail server's certificate has expired; all mail to it leaves encrypted or not at all."""

import asyncio
import contextlib
import random
import time
from datetime import timedelta
from typing import Final

from tests.faults.checks.expectations import Finding
from tests.faults.lab import PATIENCE, Lab
from tests.flows.certificates import server_context

_SAY_WHY: Final = "SELECT count(*) FROM deliveries WHERE last_error LIKE '%certificate%'"


async def expire_certificate(lab: Lab, lot: random.Random) -> None:
    """Deliveries wait and say why; that all are sent when it is good again, the check of the books sees."""
    good = lab.mail.starttls
    lab.mail.starttls = lab.mail.expired = server_context(lab.authority.certificate("old", ends_in=-timedelta(hours=1)))
    deadline = time.monotonic() + PATIENCE
    try:
        while not (lab.mail.betrayed or await _says_why(lab)):
            if time.monotonic() > deadline:
                lab.found.append(Finding("wrong", "no delivery says that the mail server's certificate has expired"))
                break
            await asyncio.sleep(0.2)
        await asyncio.sleep(2)
    finally:
        lab.mail.starttls = good
    if lab.mail.betrayed:
        lab.found.append(Finding("wrong", f"{lab.mail.betrayed} mails left though nobody vouched for their server"))


async def _says_why(lab: Lab) -> bool:
    with contextlib.suppress(Exception):  # a server that another fault has taken away
        return bool((await lab.query("notifications", _SAY_WHY))[0][0])
    return False
