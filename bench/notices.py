"""From a referral sent over HTTP to its notice in the desk's inbox, at a given rate, on a whole embedded platform.

The load is open: each referral leaves at its own moment, whether or not earlier ones were answered. What is
measured is what the desk would see: the notice comes down the desk's stream of server-sent events.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2

from luotsi.demo.people import ADVISER, BUSINESS_DESK, Cast, gather_cast, wait_until_known
from luotsi.demo.platform import DemoPlatform

_PATIENCE = 20.0
_CONNECTIONS = 64


@dataclass
class Samples:
    """Milliseconds from the moment a referral was due to be sent until its notice came; `lost` never came.

    `unanswered` were not answered in time, or the connection broke; `refused` counts the other answers by status.
    """

    rate: int
    notice_ms: list[float] = field(default_factory=list)
    answer_ms: list[float] = field(default_factory=list)
    lost: int = 0
    unanswered: int = 0
    refused: dict[int, int] = field(default_factory=dict)


class Desk:
    """The desk's open inbox: when the notice of each referral came."""

    def __init__(self) -> None:
        self.came: dict[str, float] = {}

    async def listen(self, client: httpx2.AsyncClient, opened: asyncio.Event) -> None:
        """Read the stream until cancelled; one that ends is opened again where it was, as browsers do."""
        timeout, last = httpx2.Timeout(10, read=None), "0"
        while True:
            with contextlib.suppress(httpx2.HTTPError):
                async with client.stream(
                    "GET", "/notices/stream", headers={"Last-Event-ID": last}, timeout=timeout
                ) as answer:
                    answer.raise_for_status()
                    opened.set()
                    async for line in answer.aiter_lines():
                        name, _, value = line.partition(":")
                        if name == "id":
                            last = value.strip()
                        elif name == "data":
                            self._take(json.loads(value))
            await asyncio.sleep(1)

    def _take(self, notice: dict[str, Any]) -> None:
        if notice.get("event_type") == "referral.sent.v1":
            self.came.setdefault(notice["referral_id"], time.monotonic())


@dataclass
class Load:
    """Who sends, what, and the desk that gets the notices."""

    sender: httpx2.AsyncClient
    service_id: str
    desk: Desk

    async def round(self, rate: int, seconds: float, patience: float = _PATIENCE) -> Samples:
        """Send `rate` referrals a second for `seconds`; returns what became of them within `patience` after that."""
        samples = Samples(rate)
        due: dict[str, float] = {}
        begin = time.monotonic() + 0.2
        sending = []
        for number in range(int(rate * seconds)):
            moment = begin + number / rate
            await asyncio.sleep(max(0.0, moment - time.monotonic()))
            sending.append(asyncio.create_task(self._send(moment, due, samples)))
        await asyncio.gather(*sending)
        deadline = time.monotonic() + patience
        while not due.keys() <= self.desk.came.keys() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        for referral, moment in due.items():
            if referral in self.desk.came:
                samples.notice_ms.append(1000 * (self.desk.came[referral] - moment))
            else:
                samples.lost += 1
        return samples

    async def one_by_one(self, count: int) -> None:
        """Send `count` referrals, each when the one before was answered. Raises HTTPStatusError for a refusal."""
        for _ in range(count):
            headers = {"Idempotency-Key": str(uuid4())}
            answer = await self.sender.post("/referrals", json=new_referral(self.service_id), headers=headers)
            answer.raise_for_status()

    async def _send(self, moment: float, due: dict[str, float], samples: Samples) -> None:
        body = new_referral(self.service_id)
        headers = {"Idempotency-Key": str(uuid4())}
        try:
            answer = await self.sender.post("/referrals", json=body, headers=headers)
        except httpx2.HTTPError:
            samples.unanswered += 1
            return
        if answer.status_code != 201:
            samples.refused[answer.status_code] = samples.refused.get(answer.status_code, 0) + 1
            return
        samples.answer_ms.append(1000 * (time.monotonic() - moment))
        due[answer.json()["id"]] = moment


@asynccontextmanager
async def attended(platform: DemoPlatform) -> AsyncIterator[Load]:
    """An adviser ready to send, and a desk that listens."""
    async with gather_cast(platform) as cast:
        await wait_until_known(cast)
        service = await _service(cast)
        limits = httpx2.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
        token = _client(cast, ADVISER, "referral").headers
        async with httpx2.AsyncClient(
            base_url=platform.urls["referral"], headers=token, timeout=30, limits=limits, trust_env=False
        ) as sender:
            desk, opened = Desk(), asyncio.Event()
            listening = asyncio.create_task(desk.listen(_client(cast, BUSINESS_DESK, "notifications"), opened))
            async with asyncio.timeout(10):
                await opened.wait()
            yield Load(sender, service["id"], desk)
            listening.cancel()


def _client(cast: Cast, who: Any, service: str) -> httpx2.AsyncClient:
    client: httpx2.AsyncClient = cast[who]._clients[service]
    return client


async def _service(cast: Cast) -> dict[str, Any]:
    found = (await cast[ADVISER].get("catalog", "/services", accepting="true", size="100")).json()["contents"]
    return next(dict(each) for each in found if each["organization"]["slug"] == "business-kuopio")


def new_referral(service_id: str) -> dict[str, Any]:
    """The body of a request that creates and sends a referral of a client who is new."""
    mark = uuid4().hex[:12]
    today = datetime.now(UTC).date().isoformat()
    consent = {"given_on": today, "how": "oral", "scope": "Name and contact, to the advisers."}
    client = {"name": f"Esimerkki Asiakas-{mark}", "language": "en", "email": f"client-{mark}@newcomer.example"}
    return {
        "service_id": service_id,
        "client": client,
        "reason": "Wants to open a bakery and asks which permits that takes.",
        "urgency": "routine",
        "legal_basis": {"kind": "consent", "consent": consent},
        "send": True,
    }
