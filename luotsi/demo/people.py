"""Who takes part in the demo: the accounts, and what each can do with a token of its own."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx2

from luotsi.demo.platform import DemoPlatform
from luotsi.platform.process import PlatformError
from luotsi.platform.tokens import choose_member, sign_token
from shared.services import service_names

JSON = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """An account, and the language in which it wants to be told."""

    email: str
    language: str


ADVISER = Person("adviser@navigaattori.example", "fi")
BUSINESS_DESK = Person("desk@businesskuopio.example", "fi")
TALENT_DESK = Person("desk@talenthub.example", "en")
COORDINATOR = Person("coordinator@kuopio.example", "fi")
COLLEAGUE = Person("desk@navigaattori.example", "fi")
"""Of the adviser's own organisation, so it may look at the referrals; but nobody has to tell it."""

TIME = Person("time", "fi")
"""Stands for a person in steps that nobody does: what happens because time passes."""

STRANGERS = (
    Person("adviser@kompassi.example", "sv"),
    Person("desk@ngos.example", "sv"),
)
"""Of organisations that have nothing to do with the story."""

ONLOOKERS = (COLLEAGUE, COORDINATOR, *STRANGERS)
"""Those who must be told nothing."""

EVERYBODY = (ADVISER, BUSINESS_DESK, TALENT_DESK, *ONLOOKERS)


class StoryBroke(PlatformError):
    """The story cannot go on; the message says who was refused what."""


class Somebody:
    """A person with a token, who makes HTTP requests to the services."""

    def __init__(self, person: Person, clients: Mapping[str, httpx2.AsyncClient]) -> None:
        self.person = person
        self._clients = clients

    async def ask(self, service: str, method: str, path: str, **request: Any) -> httpx2.Response:
        """One request, whatever the answer. Raises StoryBroke when nobody answers."""
        try:
            return await self._clients[service].request(method, path, **request)
        except httpx2.HTTPError as error:
            what = f"{method} {path.partition('?')[0]} ({service})"
            raise StoryBroke(f"{self.person.email}: {what} got no answer: {type(error).__name__} {error}") from error

    async def get(self, service: str, path: str, **params: Any) -> httpx2.Response:
        """A GET that has to succeed."""
        return self._succeeded(service, await self.ask(service, "GET", path, params=params))

    async def post(self, service: str, path: str, body: JSON, **headers: str) -> httpx2.Response:
        """A POST that has to succeed; `if_match` becomes the header If-Match."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._succeeded(service, await self.ask(service, "POST", path, json=body, headers=named))

    async def notices(self) -> list[JSON]:
        """All that this person was ever told, newest first."""
        found: list[JSON] = []
        after: dict[str, str] = {}
        while True:
            page = (await self.get("notifications", "/notices", limit="100", **after)).json()
            found += page["contents"]
            if page["next"] is None:
                return found
            after = {"after": page["contents"][-1]["id"]}

    def _succeeded(self, service: str, answer: httpx2.Response) -> httpx2.Response:
        if answer.is_success:
            return answer
        request = f"{answer.request.method} {answer.request.url.path} ({service})"
        raise StoryBroke(f"{self.person.email}: {request} was answered {answer.status_code}: {answer.text[:500]}")


Cast = Mapping[Person, Somebody]


@asynccontextmanager
async def gather_cast(platform: DemoPlatform) -> AsyncIterator[Cast]:
    """Everybody with a token signed by the platform's key. Raises PlatformError for an account that is missing."""
    trust = ssl.create_default_context()  # one for all: loading the certificates takes longer than a request
    async with AsyncExitStack() as stack:
        cast = {}
        for person in EVERYBODY:
            member = await choose_member(platform.target.database_url("catalog"), person.email, None)
            token = sign_token(platform.target.signing_key, platform.target.issuer, member)
            headers = {"Authorization": f"Bearer {token}", "Accept-Language": person.language}
            clients = {}
            for service in service_names():
                client = httpx2.AsyncClient(
                    base_url=platform.urls[service],
                    headers=headers,
                    timeout=15,
                    verify=trust,
                    trust_env=False,  # a proxy is for what is not the platform's own
                )
                clients[service] = await stack.enter_async_context(client)
            cast[person] = Somebody(person, clients)
        yield cast


async def wait_until_known(cast: Cast, patience: float = 30.0) -> None:
    """Wait until every service accepts everybody's token: it learns of members by events, a moment after they join.

    Raises StoryBroke when one still refuses after `patience` seconds.
    """
    deadline = time.monotonic() + patience
    for somebody in cast.values():
        for service, path in (("referral", "/referrals"), ("notifications", "/notices")):
            while (await somebody.ask(service, "GET", path)).status_code == HTTPStatus.UNAUTHORIZED:
                if time.monotonic() > deadline:
                    raise StoryBroke(f"the {service} service does not accept the token of {somebody.person.email}")
                await asyncio.sleep(0.02)
