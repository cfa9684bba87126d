"""Faults of the network between the services and a server: slow, cut, half-open."""

import asyncio
import random

from tests.faults.lab import Lab
from tests.faults.proxy import Proxy


def _one(lab: Lab, lot: random.Random) -> Proxy:
    return lot.choice((lab.postgres, lab.valkey))


async def slow_wire(lab: Lab, lot: random.Random) -> None:
    """Each answer takes up to a third of a second longer."""
    proxy = _one(lab, lot)
    proxy.delay = lot.uniform(0.05, 0.3)
    await asyncio.sleep(4)
    proxy.heal()


async def cut_wire(lab: Lab, lot: random.Random) -> None:
    """Connections are reset, and new ones refused for a while."""
    for proxy in (lab.postgres, lab.valkey):
        proxy.refusing = True
        proxy.cut()
        await asyncio.sleep(lot.uniform(1, 3))
        proxy.heal()


async def half_open_valkey(lab: Lab, lot: random.Random) -> None:
    """Connections to the streams are dead and nobody is told."""
    lab.valkey.half_open()
    await asyncio.sleep(3)
    lab.valkey.heal()


async def half_open_postgres(lab: Lab, lot: random.Random) -> None:
    """Connections to the databases are dead and nobody is told."""
    lab.postgres.half_open()
    await asyncio.sleep(3)
    lab.postgres.heal()
