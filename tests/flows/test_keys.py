"""Changing keys while the platform runs: nothing becomes unreadable, nobody is signed out, nothing is found less."""

import asyncio
import base64
import json
import os
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from pydantic import Secret
from typer.testing import CliRunner

from luotsi import cli
from luotsi.commands.env import write_env
from luotsi.platform import new_keys
from luotsi.platform.data_dir import DataDir
from luotsi.platform.key_files import ensure_keys
from luotsi.platform.process import PlatformError
from luotsi.platform.referral_work import vault
from services.referral.main import create_app
from services.referral.settings import ReferralSettings
from services.referral.use_cases.key_rotation import rotate_batch
from shared.web.tokens import Verifier
from tests.builders import Someone, small_town
from tests.flows.operating import environment, luotsi, target
from tests.platform import ISSUER, Platform
from tests.referring import CLIENT, Desk, at_work, new_referral, sent_referral

NEW = {"MASTER_KEY": bytes(range(32)), "INDEX_KEY": bytes(range(32, 64))}


def written(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode()


def changing(platform: Platform) -> dict[str, str]:
    """The operator's environment while both keys are being changed."""
    known = environment(platform)
    return {**{f"{name}_PREVIOUS": known[name] for name in NEW}, **{name: written(key) for name, key in NEW.items()}}


class Renewed:
    """The referral service as it runs with other keys, on the same database."""

    def __init__(self, platform: Platform, *, former: bool) -> None:
        old: ReferralSettings = platform.settings["referral"]
        keys: dict[str, Any] = {name.lower(): Secret(key) for name, key in NEW.items()}
        if former:
            keys |= {"master_key_previous": old.master_key, "index_key_previous": old.index_key}
        self.app = create_app(old.model_copy(update=keys))
        self.platform = platform

    def desk(self, who: Someone) -> Desk:
        headers = {"Authorization": f"Bearer {self.platform.tokens.sign(who)}"}
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=False)
        return Desk(httpx2.AsyncClient(transport=transport, base_url="http://referral", headers=headers))

    async def close(self) -> None:
        await self.app.state.luotsi.close()


async def found(desk: Desk, **search: str) -> int:
    return len((await desk.client.post("/clients/search", json=search)).json()["contents"])


async def test_both_keys_change_while_the_service_runs(platform: Platform) -> None:
    town = await small_town(platform)
    request = new_referral(town)
    first = (await at_work(platform, town.adviser).refer(request, key="first")).json()
    second = await sent_referral(platform, town)
    renewed = Renewed(platform, former=True)
    try:
        adviser = renewed.desk(town.adviser)
        assert (await adviser.read(first["id"]))["client"]["name"] == CLIENT["name"], "the former key still opens"
        assert await found(adviser, name=CLIENT["name"]) == 2, "and still finds"
        repeated = (await adviser.refer(request, key="first")).json()
        assert repeated["id"] == first["id"], "and still knows what was asked before"
        third = (await adviser.refer(new_referral(town))).json()
        status = await asyncio.to_thread(luotsi, platform, "keys", "status", **changing(platform))
        assert (status.exit_code, status.stdout.split(" client")[0]) == (1, "1")
        done = await asyncio.to_thread(luotsi, platform, "keys", "rotate", "--batch", "2", **changing(platform))
        assert "2 keys wrapped anew, 6 hashes made anew" in done.stdout
        again = await asyncio.to_thread(luotsi, platform, "keys", "rotate", **changing(platform))
        assert "0 keys wrapped anew, 0 hashes made anew" in again.stdout
        assert (await adviser.read(first["id"]))["client"]["name"] == CLIENT["name"]
    finally:
        await renewed.close()
    alone = Renewed(platform, former=False)
    try:
        adviser = alone.desk(town.adviser)
        for referral in (first, second, third):
            assert (await adviser.read(referral["id"]))["reason"] == "bakery plan, wants advice"
        assert await found(adviser, name=CLIENT["name"], phone=CLIENT["phone"], email=CLIENT["email"]) == 3
    finally:
        await alone.close()


async def test_a_rotation_that_was_broken_off_goes_on_where_it_was(platform: Platform) -> None:
    town = await small_town(platform)
    for _ in range(3):
        await sent_referral(platform, town)
    keys = vault(replace(target(platform), environment=environment(platform) | changing(platform)))
    async with platform.databases["referral"].transaction() as tx:
        one = await rotate_batch(tx, keys, None, 1)
    assert (one.wrapped, one.hashed) == (1, 3)
    rest = await asyncio.to_thread(luotsi, platform, "keys", "rotate", **changing(platform))
    assert "2 keys wrapped anew, 6 hashes made anew" in rest.stdout


def command(*arguments: str) -> str:
    result = CliRunner().invoke(cli.app, ["keys", *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def a_data_directory(tmp_path: Path) -> tuple[list[str], new_keys.Store]:
    data = DataDir(tmp_path / "data")
    for name in ("master_key", "index_key"):
        data.secret(name)
    ensure_keys(data.keys)
    return ["--data", str(data.root)], new_keys.store(None, data.root)


def an_env_file(tmp_path: Path) -> tuple[list[str], new_keys.Store]:
    path = tmp_path / ".env"
    write_env(path)
    return ["--env", str(path)], new_keys.store(path, tmp_path)


@pytest.mark.parametrize("place", [a_data_directory, an_env_file])
def test_a_new_key_keeps_the_former_one_until_it_is_retired(tmp_path: Path, place: Any) -> None:
    where, keys = place(tmp_path)
    before = keys.read()
    command("renew", "master", *where)
    after = keys.read()
    assert after["MASTER_KEY_PREVIOUS"] == before["MASTER_KEY"] != after["MASTER_KEY"]
    assert len(base64.urlsafe_b64decode(after["MASTER_KEY"])) == 32
    assert after["INDEX_KEY"] == before["INDEX_KEY"]
    with pytest.raises(PlatformError, match="still there"):
        command("renew", "master", *where)
    assert "MASTER_KEY_PREVIOUS" in command("retire", "--unchecked", *where)
    assert not keys.read().get("MASTER_KEY_PREVIOUS")
    assert keys.read()["MASTER_KEY"] == after["MASTER_KEY"]


@pytest.mark.parametrize("place", [a_data_directory, an_env_file])
async def test_tokens_of_the_former_signing_key_hold_until_they_end(tmp_path: Path, place: Any) -> None:
    where, keys = place(tmp_path)

    def token() -> str:
        key = ECKey.import_key(json.loads(keys.read()["SIGNING_KEY_JSON"]))
        claims = {"iss": ISSUER, "aud": "luotsi", "sub": "s", "org": "o", "exp": int(time.time()) + 900}
        return jwt.encode({"typ": "at+jwt", "alg": "ES256", "kid": key.kid}, claims, key, algorithms=["ES256"])

    former = token()
    await asyncio.to_thread(command, "renew", "signing", *where)
    fresh = token()
    published = tmp_path / "published.json"
    published.write_text(keys.read()["JWKS_JSON"])
    for each in (former, fresh):
        assert (await Verifier(ISSUER, str(published)).claims(each))["sub"] == "s"
    assert "no former key" in await asyncio.to_thread(command, "retire", "--unchecked", *where)
    old = json.loads(keys.read()["JWKS_JSON"])
    old["keys"][0]["luotsi_retired_at"] -= 901
    keys.write({"JWKS_JSON": json.dumps(old)})
    assert "signing key" in await asyncio.to_thread(command, "retire", "--unchecked", *where)
    (left,) = json.loads(keys.read()["JWKS_JSON"])["keys"]
    assert left["kid"] == json.loads(keys.read()["SIGNING_KEY_JSON"])["kid"]
    assert not re.search(r'"d"', keys.read()["JWKS_JSON"]), "only public halves"
    assert KeySet.import_key_set({"keys": [left]}).keys[0].kid == left["kid"]


def test_a_running_platform_must_know_the_new_key_first(tmp_path: Path) -> None:
    where, _ = a_data_directory(tmp_path)
    started = tmp_path / "data" / "platform.json"
    facts = {"pid": os.getpid(), "databases": {"referral": "postgresql://nobody@127.0.0.1:1/none"}}
    started.write_text(json.dumps(facts))
    os.utime(started, (1, 1))
    command("renew", "master", *where)
    with pytest.raises(PlatformError, match="does not know the new key"):
        command("rotate", *where)


async def test_a_former_key_stays_while_a_client_needs_it(platform: Platform) -> None:
    town = await small_town(platform)
    await sent_referral(platform, town)
    both = changing(platform)
    count = await platform.scalar("referral", "SELECT count(*) FROM client_keys")
    found = await asyncio.to_thread(luotsi, platform, "keys", "status", **both)
    assert (found.exit_code, found.stdout.splitlines()[0]) == (
        1,
        f"0 client keys under the present master key, {count} under others",
    )
    with pytest.raises(PlatformError, match="still wrapped by a former master key"):
        await asyncio.to_thread(luotsi, platform, "keys", "retire", **both)
    await asyncio.to_thread(luotsi, platform, "keys", "rotate", **both)
    found = await asyncio.to_thread(luotsi, platform, "keys", "status", **both)
    assert (found.exit_code, found.stdout.splitlines()[0]) == (
        0,
        f"{count} client keys under the present master key, 0 under others",
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("renew", "kitchen"), "there is no key kitchen: say master, index, portal or signing"),
        (("renew", "master"), "no platform has run in"),
        (("renew", "master", "--env", "nowhere.env"), "there is no nowhere.env"),
    ],
)
def test_keys_that_are_not_there_are_named(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    where = ["--data", str(tmp_path)]
    if words[-1] == "kitchen":
        where, _ = a_data_directory(tmp_path)
    with pytest.raises(PlatformError, match=said):
        command(*words, *where)


@pytest.mark.parametrize("end", ["", "\n"])
def test_an_env_file_is_given_what_it_lacks(tmp_path: Path, end: str) -> None:
    path = tmp_path / ".env"
    path.write_text(f"MASTER_KEY=one{end}")
    new_keys.store(path, tmp_path).write({"MASTER_KEY": "two", "INDEX_KEY": "three", "JWKS_JSON": '{"keys": []}'})
    assert path.read_text() == "MASTER_KEY=two\nINDEX_KEY=three\nJWKS_JSON='{\"keys\": []}'\n"
