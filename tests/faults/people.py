"""People over HTTP: each with a token of its own; they come back when a service is away, and wait."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import httpx2

from luotsi.platform.process import PlatformError
from luotsi.platform.tokens import Member, sign_token
from tests.faults.lab import PATIENCE, Lab
from tests.faults.ledger import Ledger

JSON = dict[str, Any]
_TOKEN_SECONDS = 8 * 60.0


class Unsure(Exception):
    """Nobody can tell whether the request was carried out: no answer came, or one that says so."""


class GivenUp(Exception):
    """Somebody waited longer than anything may take. It is in the ledger, and so among the findings of the run."""


@dataclass
class Somebody:
    """A member who works: one HTTP client for all services."""

    lab: Lab
    ledger: Ledger
    member: Member
    _http: httpx2.AsyncClient = field(init=False)
    _token: str = ""
    _signed_at: float = 0.0

    def __post_init__(self) -> None:
        limits = httpx2.Limits(max_keepalive_connections=2)
        self._http = httpx2.AsyncClient(timeout=8, limits=limits, trust_env=False, verify=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(self, service: str, method: str, path: str, body: JSON | None = None, **headers: str) -> Any:
        """One request; the answer when the service itself decided. Raises Unsure for any other."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers["Authorization"] = f"Bearer {self.token()}"
        url = self.lab.urls[service] + path
        try:
            answer = await self._http.request(method, url, json=body, headers=headers)
        except (httpx2.HTTPError, AttributeError) as error:  # the latter: gone while the client looks at the socket
            self.ledger.refused[type(error).__name__] += 1
            raise Unsure(type(error).__name__) from None
        if answer.status_code >= 500:
            self.ledger.refused[str(answer.status_code)] += 1
            if answer.status_code != 503:
                self.ledger.contradictions.append(f"{method} {path} was answered {answer.text[:300]}")
            raise Unsure(str(answer.status_code))
        return answer

    async def insist(self, service: str, method: str, path: str, body: JSON | None = None, **headers: str) -> Any:
        """The same request again and again until it is answered; for those that may be repeated. Raises GivenUp."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return await self.ask(service, method, path, body, **headers)
            except Unsure as unsure:
                self.wait_no_longer_than(deadline, f"{method} {path} {headers or ''} was not answered: {unsure}")
                await asyncio.sleep(0.3)

    def wait_no_longer_than(self, deadline: float, what: str) -> None:
        """Give up once the monotonic clock is past `deadline`. Raises GivenUp; the ledger has `what` was waited for."""
        if time.monotonic() > deadline:
            told = f"{what}, for {PATIENCE:.0f} s ({self.member.email})"
            self.ledger.given_up.append(told)
            raise GivenUp(told)

    def token(self) -> str:
        """A token that is good for a while. Raises Unsure where none can be signed."""
        if time.monotonic() - self._signed_at > _TOKEN_SECONDS or not self._token:
            try:
                self._token = sign_token(self.lab.target.signing_key, self.lab.target.issuer, self.member)
            except PlatformError as error:
                raise Unsure(str(error)) from error
            self._signed_at = time.monotonic()
        return self._token
