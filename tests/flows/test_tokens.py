"""Access tokens: what is signed is verified; what was found valid is remembered, and for no longer than it holds."""

import json
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from joserfc import jwt

from shared.problems import Problem
from shared.web import token_signing
from shared.web import tokens as access_tokens
from shared.web.tokens import Verifier
from tests.builders import Someone
from tests.platform import ISSUER, Platform, Tokens

WHO = Someone(id=UUID(int=1), organization_id=UUID(int=2), email="adviser@navigaattori.example", roles=())


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


async def test_a_key_that_was_taken_away_takes_its_tokens_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    old, new, jwks = Tokens(tmp_path / "old"), Tokens(tmp_path / "new"), tmp_path / "jwks.json"
    jwks.write_text(old.jwks.read_text())
    verifier, token = Verifier(ISSUER, str(jwks)), old.sign(WHO)
    await verifier.claims(token)
    jwks.write_text(json.dumps(json.loads(new.jwks.read_text())))
    monkeypatch.setattr(access_tokens, "_REFETCH_AFTER_SECONDS", -1.0)
    await verifier.claims(new.sign(WHO))  # not known: the keys are fetched anew
    with pytest.raises(Problem):
        await verifier.claims(token)


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


async def test_keys_are_fetched_from_an_address(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        verifier = Verifier(ISSUER, f"http://127.0.0.1:{server.server_port}/jwks.json")
        assert (await verifier.claims(tokens.sign(WHO)))["sub"] == str(WHO.id)
        server.shutdown()


async def test_keys_that_cannot_be_read_leave_the_known_ones_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = Tokens(tmp_path)
    monkeypatch.setattr(access_tokens, "_REFETCH_AFTER_SECONDS", -1.0)
    known, unknown = (Verifier(ISSUER, str(tokens.jwks)) for _ in range(2))
    await known.claims(tokens.sign(WHO))
    tokens.jwks.unlink()
    with pytest.raises(Problem):
        await known.claims("nonsense")  # has the keys fetched anew
    assert (await known.claims(tokens.sign(WHO)))["sub"] == str(WHO.id)
    with pytest.raises(Problem) as away:
        await unknown.claims(tokens.sign(WHO))
    assert away.value.status == 503


async def test_a_token_that_names_nobody_is_refused(platform: Platform) -> None:
    for nobody in ({"sub": "somebody"}, {"org": 7}):
        token = platform.tokens.sign(WHO, **nobody)
        async with platform.client("referral", Authorization=f"Bearer {token}") as client:
            answer = await client.get("/referrals")
        assert answer.status_code == 401
        assert answer.json()["detail"] == "The access token names no member of the platform."
