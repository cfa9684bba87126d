"""Access tokens: what is signed is verified; what was found valid is remembered, and for no longer than it holds."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

import httpx2
import pytest
from joserfc import jwt

from services.catalog.main import create_app
from shared.problems import Problem
from shared.web import token_signing
from shared.web import tokens as access_tokens
from shared.web.tokens import Verifier
from tests.builders import Someone
from tests.platform import ISSUER, Platform, Tokens

WHO = Someone(id=UUID(int=1), organization_id=UUID(int=2), email="adviser@navigaattori.example", roles=())


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The files of a folder over HTTP; the address."""
    handler = partial(SimpleHTTPRequestHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


async def test_what_is_signed_is_verified_with_the_key_set_of_the_same_key(tmp_path: Path) -> None:
    key, file, jwks = token_signing.new_signing_key(), tmp_path / "signing.json", tmp_path / "own.json"
    file.write_text(token_signing.as_private_jwk(key))
    jwks.write_text(token_signing.as_key_set([token_signing.public_jwk(key)]))
    assert '"d"' not in jwks.read_text()
    read = token_signing.read_signing_key(file)
    token = token_signing.sign_token(read, ISSUER, "trial", WHO.id, WHO.organization_id, ("adviser", "recipient"))
    claims = await Verifier(ISSUER, str(jwks)).claims(token)
    assert claims["exp"] - claims["iat"] == token_signing.TOKEN_SECONDS
    assert {name: claims[name] for name in ("iss", "aud", "sub", "org", "roles", "client_id")} == {
        "iss": ISSUER,
        "aud": "luotsi",
        "sub": str(WHO.id),
        "org": str(WHO.organization_id),
        "roles": ["adviser", "recipient"],
        "client_id": "trial",
    }
    for verifier in (Verifier("https://elsewhere.example", str(jwks)), Verifier(ISSUER, str(Tokens(tmp_path).jwks))):
        with pytest.raises(Problem):
            await verifier.claims(token)


@pytest.mark.parametrize("held", [None, "", "{}", "[]", '{"kty": "EC", "crv": "P-256"}', "a public key"])
def test_what_is_no_signing_key_is_said(tmp_path: Path, held: str | None) -> None:
    file = tmp_path / "signing.json"
    if held is not None:
        public = json.dumps(token_signing.public_jwk(token_signing.new_signing_key()))
        file.write_text(public if held == "a public key" else held)
    with pytest.raises(token_signing.SigningKeyError):
        token_signing.read_signing_key(file)


async def test_a_token_is_verified_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens, verified = Tokens(tmp_path), []
    decode = jwt.decode

    def counted(token: str, *rest: Any, **options: Any) -> Any:
        verified.append(token)
        return decode(token, *rest, **options)

    monkeypatch.setattr(jwt, "decode", counted)
    verifier, one, other = Verifier(ISSUER, str(tokens.jwks)), tokens.sign(WHO), tokens.sign(WHO)
    for token in (one, one, other, one):
        assert (await verifier.claims(token))["sub"] == str(WHO.id)
    assert verified == [one, other]


async def test_a_remembered_token_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens(tmp_path)
    verifier, token = Verifier(ISSUER, str(tokens.jwks)), tokens.sign(WHO)
    expires = (await verifier.claims(token))["exp"]
    monkeypatch.setattr(time, "time", lambda: float(expires))
    with pytest.raises(Problem) as refused:
        await verifier.claims(token)
    assert refused.value.status == 401


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def status(verifier: Verifier, token: str) -> int:
    """200 where the token is valid, else the status of the problem."""
    try:
        await verifier.claims(token)
    except Problem as refused:
        return refused.status
    return 200


def two_keys(folder: Path) -> tuple[Tokens, Tokens]:
    """Two signers, each with a key set of its own."""
    for name in ("old", "new"):
        (folder / name).mkdir()
    return Tokens(folder / "old"), Tokens(folder / "new")


async def test_a_key_that_was_taken_away_takes_its_tokens_along(tmp_path: Path) -> None:
    (old, new), jwks, clock = two_keys(tmp_path), tmp_path / "jwks.json", Clock()
    jwks.write_text(old.jwks.read_text())
    verifier, token, other = Verifier(ISSUER, str(jwks), clock), old.sign(WHO), new.sign(WHO)
    assert await status(verifier, token) == 200
    jwks.write_text(new.jwks.read_text())
    clock.now = 11  # a token that the known keys do not verify has them fetched anew
    assert [await status(verifier, each) for each in (token, other, token)] == [200, 200, 401]


@pytest.mark.parametrize("left", ["new", '{"keys": []}', '{"keys": [{"kty": "of the future"}]}'])
@pytest.mark.parametrize("over_http", [False, True])
async def test_a_key_that_was_taken_away_is_refused_within_a_minute(tmp_path: Path, left: str, over_http: bool) -> None:
    (old, new), jwks, clock = two_keys(tmp_path), tmp_path / "jwks.json", Clock()
    jwks.write_text(old.jwks.read_text())
    with served(tmp_path) as address:
        verifier = Verifier(ISSUER, f"{address}/jwks.json" if over_http else str(jwks), clock)
        tokens = [old.sign(WHO), old.sign(WHO)]
        assert [await status(verifier, token) for token in (tokens[0], tokens[0])] == [200, 200]
        jwks.write_text(new.jwks.read_text() if left == "new" else left)
        clock.now = 55  # without any other token: a remembered one as one that is seen for the first time
        assert [await status(verifier, token) for token in tokens] == [401, 401]


@pytest.mark.parametrize("held", [None, "", "{", "[]", "7", '{"keys": 7}', '{"keys": [{"kty": "EC"}]}'])
async def test_keys_that_cannot_be_read_leave_the_known_ones_in_use_for_as_long_as_a_token_holds(
    tmp_path: Path, held: str | None
) -> None:
    tokens, clock = Tokens(tmp_path), Clock()
    known, unknown = (Verifier(ISSUER, str(tokens.jwks), clock) for _ in range(2))
    token, present = tokens.sign(WHO), tokens.jwks.read_text()
    assert await status(known, token) == 200
    if held is None:
        tokens.jwks.unlink()
    else:
        tokens.jwks.write_text(held)
    for clock.now in (31, 42, 899):
        assert await status(known, token) == 200
        assert await status(known, "nonsense") == 401
        assert await status(unknown, token) == 503
    clock.now = 901
    assert [await status(known, each) for each in (token, "nonsense")] == [503, 503]
    tokens.jwks.write_text(present)
    clock.now = 912
    assert [await status(verifier, token) for verifier in (known, unknown)] == [200, 200]


async def test_it_is_known_whether_the_keys_can_be_had(tmp_path: Path) -> None:
    tokens, clock = Tokens(tmp_path), Clock()
    present = tokens.jwks.read_text()
    tokens.jwks.unlink()
    verifier = Verifier(ISSUER, str(tokens.jwks), clock)
    assert not await verifier.has_keys()
    tokens.jwks.write_text(present)
    clock.now = 2
    assert await verifier.has_keys()
    tokens.jwks.unlink()
    clock.now = 40  # they are to be fetched again, and the known ones still serve
    assert (await verifier.has_keys(), await status(verifier, tokens.sign(WHO))) == (False, 200)
    tokens.jwks.write_text(present)
    clock.now = 51
    assert await verifier.has_keys()


async def test_a_service_says_that_it_cannot_have_the_keys(platform: Platform, tmp_path: Path) -> None:
    jwks = tmp_path / "jwks.json"
    app = create_app(platform.settings["catalog"].model_copy(update={"jwks": str(jwks)}))
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://catalog") as client:
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert ready.json()["dependencies"]["keys"] == "down"
        assert (await client.get("/services")).status_code == 200
        token = {"Authorization": f"Bearer {platform.tokens.sign(WHO)}"}
        assert (await client.get("/members", headers=token)).status_code == 503
        jwks.write_text(platform.tokens.jwks.read_text())
        async with asyncio.timeout(30):
            while (await client.get("/readyz")).json()["dependencies"]["keys"] == "down":
                await asyncio.sleep(0.1)
        assert (await client.get("/members", headers=token)).status_code == 401  # it is known whose token it is
    await app.state.luotsi.close()


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"iat": 25}, 200),
        ({"nbf": 25}, 200),
        ({"iat": 25, "nbf": 25}, 200),
        ({"iat": 60}, 401),
        ({"nbf": 60}, 401),
        ({"nbf": -3600}, 200),
        ({"exp": 0}, 401),  # its end is its end
        ({"exp": -1}, 401),
        ({"exp": -25}, 401),
        ({"exp": 25}, 200),
    ],
)
async def test_clocks_may_differ_at_the_beginning_of_a_token_and_not_at_its_end(
    tmp_path: Path, claims: dict[str, int], expected: int
) -> None:
    tokens = Tokens(tmp_path)
    moments: dict[str, Any] = {name: int(time.time()) + seconds for name, seconds in claims.items()}
    assert await status(Verifier(ISSUER, str(tokens.jwks)), tokens.sign(WHO, **moments)) == expected


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", ["soon", True, [], {}, float("inf"), float("nan")])
async def test_a_moment_that_is_none_is_refused(tmp_path: Path, name: str, value: object) -> None:
    tokens = Tokens(tmp_path)
    claims: dict[str, Any] = {name: value}
    assert await status(Verifier(ISSUER, str(tokens.jwks)), tokens.sign(WHO, **claims)) == 401


async def test_no_more_tokens_are_remembered_than_there_is_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_tokens, "_REMEMBERED_TOKENS", 3)
    tokens = Tokens(tmp_path)
    verifier = Verifier(ISSUER, str(tokens.jwks))
    for _ in range(5):
        await verifier.claims(tokens.sign(WHO))
    assert len(verifier._verified) == 3
    assert all(claims["exp"] > time.time() for claims in verifier._verified.values())


async def test_a_token_of_another_kind_is_refused(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    claims = jwt.decode(tokens.sign(WHO), tokens.key).claims
    verifier = Verifier(ISSUER, str(tokens.jwks))
    for kind in ("at+jwt", "application/AT+JWT"):
        signed = jwt.encode({"typ": kind, "alg": "ES256", "kid": "test"}, claims, tokens.key)
        assert (await verifier.claims(signed))["sub"] == str(WHO.id)
    with pytest.raises(Problem) as refused:
        await verifier.claims(jwt.encode({"typ": "JWT", "alg": "ES256", "kid": "test"}, claims, tokens.key))
    assert refused.value.status == 401


async def test_a_token_that_names_nobody_is_refused(platform: Platform) -> None:
    for nobody in ({"sub": "somebody"}, {"org": 7}):
        token = platform.tokens.sign(WHO, **nobody)
        async with platform.client("referral", Authorization=f"Bearer {token}") as client:
            answer = await client.get("/referrals")
        assert answer.status_code == 401
        assert answer.json()["detail"] == "The access token names no member of the platform."


async def test_the_challenge_names_an_error_where_a_token_was_given(platform: Platform) -> None:
    good = platform.tokens.sign(WHO)
    expected = {
        None: 'Bearer realm="luotsi"',
        "Basic YTpi": 'Bearer realm="luotsi"',
        "Bearer ": 'Bearer realm="luotsi"',
        "Bearer nonsense": 'Bearer realm="luotsi", error="invalid_token"',
        f"Bearer {platform.tokens.sign(WHO, expired=True)}": 'Bearer realm="luotsi", error="invalid_token"',
        f"Bearer {good}": 'Bearer realm="luotsi", error="invalid_token"',  # of a member whom nobody knows
    }
    for sent, challenge in expected.items():
        async with platform.client("referral") as client:
            answer = await client.get("/referrals", headers={"Authorization": sent} if sent else {})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == challenge, sent


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_the_key_set_is_asked_for_past_any_proxy(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
    tokens = Tokens(tmp_path)
    (tmp_path / "jwks.json").write_text(tokens.jwks.read_text())
    with served(tmp_path) as address:
        assert await status(Verifier(ISSUER, f"{address}/jwks.json"), tokens.sign(WHO)) == 200
