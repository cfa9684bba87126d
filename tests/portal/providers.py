"""Identity providers for tests: a real one as a process of its own, and a crooked one that says what a test wants."""

import base64
import json
import re
import secrets
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx2
import pyotp
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from luotsi.platform.process_specs import free_port_base
from tests.web_server import served

ROOT: Final = Path(__file__).resolve().parents[2]
PYTHON: Final = ROOT / ".venv-provider" / "bin" / "python"
CLIENT_ID, CLIENT_SECRET = "luotsi", "a secret of the provider's"
REDIRECT_URI: Final = "http://localhost:8000/sign-in/provider/answer"
PASSWORD: Final = "correct horse battery"
# A phone's code is good for as many seconds: none runs out between reading and typing it, however slow the machine is.
_CODE_LIFETIME: Final = 10**10
_FIELD: Final = re.compile(r'<(?:input|button)[^>]*\bname="([^"]+)"')


@dataclass
class Canaille:
    """A running Canaille. `secret` is what the phones of its people hold."""

    issuer: str
    factors: Sequence[str]
    secret: str

    async def sign_in(self, address: str, name: str) -> str:
        """Sign somebody in who was sent to `address`; returns where the provider sends the browser back to."""
        async with httpx2.AsyncClient(trust_env=False) as opened:
            return await self.answer(opened, address, name)

    async def answer(self, opened: httpx2.AsyncClient, address: str, name: str | None = None) -> str:
        """The same in a browser that keeps what the provider gave it; without a name nothing is typed there."""
        answer = await opened.get(address)
        for _ in range(10):
            if answer.is_redirect:
                target = urljoin(str(answer.request.url), answer.headers["Location"])
                if not target.startswith(self.issuer):
                    return target
                answer = await opened.get(target)
            else:
                assert name is not None, "the provider asks who it is"
                answer = await opened.post(str(answer.request.url), data=self.typed(answer.text, name))
        raise AssertionError(answer.text)

    def code(self) -> str:
        """What the phones of its people show."""
        step = int(time.time()) // _CODE_LIFETIME
        return pyotp.TOTP(base64.b32encode(self.secret.encode()).decode()).generate_otp(step)

    def typed(self, page: str, name: str) -> dict[str, str]:
        """What somebody types into a page of it."""
        known = {"login": name, "password": PASSWORD, "otp": self.code()}
        typed = {field: known[field] for field in _FIELD.findall(page) if field in known}
        assert typed, page
        return typed


@contextmanager
def canaille(people: Sequence[str], *factors: str, redirect_uri: str = REDIRECT_URI) -> Iterator[Canaille]:
    """Run Canaille while the block lasts; `people` have the addresses of their accounts, and their names are those."""
    assert PYTHON.exists(), "the provider has an environment of its own: make .venv-provider/.ready"
    port, secret = free_port_base(), secrets.token_hex(8)
    told = {
        "port": port,
        "factors": factors,
        "code_lifetime": _CODE_LIFETIME,
        "people": [
            {"name": email.partition("@")[0], "email": email, "password": PASSWORD, "secret": secret}
            for email in people
        ],
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "client_uri": "http://localhost:8000",
        "redirect_uri": redirect_uri,
    }
    process = subprocess.Popen(
        [PYTHON, ROOT / "tests/portal/identity_provider.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(told))
        process.stdin.close()
        assert any(line.strip() == "ready" for line in process.stdout), "Canaille did not start"
        yield Canaille(f"http://localhost:{port}", factors, secret)
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


@dataclass
class Crooked:
    """A provider whose document, answers and tokens are right until a test changes them.

    `document` and `claims` are laid over the right ones, None taking one away; `signs` is the key's kind: "own",
    "other", "none" or "secret"; `token` replaces the token endpoint's answer.
    """

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    document: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    signs: str = "own"
    token: dict[str, Any] | None = None
    status: int = 200
    asked: list[dict[str, str]] = field(default_factory=list)
    nonce: str = ""

    def send_back(self, address: str, **changes: str) -> str:
        """What the browser is sent back with, from the address that it was sent to."""
        query = dict(parse_qsl(urlsplit(address).query))
        self.nonce = query["nonce"]
        answer = {"code": "a-code", "state": query["state"]} | changes
        return "/sign-in/provider/answer?" + str(httpx2.QueryParams(answer))

    def id_token(self) -> str:
        """The ID token as a test wants it."""
        now = int(time.time())
        right = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "somebody",
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
            "amr": ["pwd", "mfa"],
        }
        claims = {name: value for name, value in (right | self.claims).items() if value is not None}
        if self.signs == "none":
            parts = (json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, claims))
            return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."
        if self.signs == "secret":
            key = OctKey.import_key(CLIENT_SECRET * 2)
            return jwt.encode({"alg": "HS256", "kid": "1"}, claims, key, algorithms=["HS256"])
        signing = self.key if self.signs == "own" else RSAKey.generate_key(2048, {"kid": "1"})
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims, signing)

    def app(self) -> FastAPI:
        """The provider's application."""
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        async def document() -> Response:
            right = {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "response_types_supported": ["code"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
            }
            found = {name: value for name, value in (right | self.document).items() if value is not None}
            return JSONResponse(found, self.status)

        @app.get("/keys")
        async def keys() -> dict[str, Any]:
            return {"keys": [self.key.as_dict(private=False)]}

        @app.post("/token")
        async def token(request: Request) -> Response:
            self.asked.append(dict(parse_qsl((await request.body()).decode())) | dict(request.headers))
            if self.token is not None:
                return JSONResponse(self.token, 400 if "error" in self.token else 200)
            return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": self.id_token()})

        return app


@asynccontextmanager
async def crooked() -> AsyncIterator[Crooked]:
    """A crooked provider on a real server."""
    provider = Crooked()
    async with served(provider.app()) as address:
        provider.issuer = address.replace("127.0.0.1", "localhost")
        yield provider
