"""`luotsi keys`: changing the platform's keys while it runs, and seeing how far that has come."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import text

from luotsi.platform import new_keys
from luotsi.platform.operator_database import operator_database
from luotsi.platform.portal_work import account_vault, seal_anew, standing_of
from luotsi.platform.process import PlatformError
from luotsi.platform.referral_work import vault
from luotsi.platform.target import DEFAULT_DATA, DataOption, Target, find_target
from services.referral.use_cases import key_rotation
from services.referral.vault import Unreadable, Vault

app = typer.Typer(no_args_is_help=True)

EnvFile = Annotated[
    Path | None, typer.Option("--env", metavar="FILE", help="The .env of a compose deployment, instead of --data.")
]


@dataclass(frozen=True)
class Standing:
    """How many client keys are wrapped by the present master key, and how many by others."""

    present: int
    others: int


@app.command()
def renew(
    which: Annotated[str, typer.Argument(metavar="WHICH", help="master, index, portal or signing.")],
    env: EnvFile = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Set a new key beside the former one, which still opens what it closed. Takes effect when services start anew."""
    store = new_keys.store(env, data)
    if which == "signing":
        new_keys.renew_signing(store)
        print("new tokens are signed by a new key; those of the former one hold until they end")
        return
    if which not in ("master", "index", "portal"):
        raise PlatformError(f"there is no key {which}: say master, index, portal or signing")
    new_keys.renew(store, f"{which.upper()}_KEY")
    print("start the services anew, then run `luotsi keys rotate`")


@app.command()
def rotate(
    data: DataOption = DEFAULT_DATA,
    batch: Annotated[int, typer.Option(min=1, help="Clients in one transaction.")] = 200,
) -> None:
    """Wrap every client's key by the present MASTER_KEY, and make all hashes by the present INDEX_KEY.

    What people sign in with is sealed by the present PORTAL_KEY. Services go on meanwhile. It may be broken off and run
    again: what is done is passed over.
    """
    target = find_target(data)
    _refuse_unknown_keys(target)
    keys, _ = vault(target), account_vault(target)
    wrapped, hashed = asyncio.run(_rotate(target, keys, batch))
    sealed, closed = asyncio.run(seal_anew(target, batch))
    print(f"{wrapped} keys wrapped anew, {hashed} hashes made anew, {sealed} secrets of the portal sealed anew")
    if closed:
        print(f"{closed} secrets of the portal open with neither key: whose they are has to be let in anew")
    print("`luotsi keys retire` takes the former keys away")


@app.command()
def status(data: DataOption = DEFAULT_DATA) -> None:
    """How far a change of MASTER_KEY and PORTAL_KEY has come. Exit code 1 when something is left to the former one."""
    target = find_target(data)
    standing = asyncio.run(_standing(target, vault(target)))
    sealed = asyncio.run(standing_of(target))
    print(f"{standing.present} client keys under the present master key, {standing.others} under others")
    print(
        f"{sealed.present} secrets of the portal under its present key, {sealed.former} under the former one, "
        f"{sealed.neither} under neither"
    )
    if standing.others or sealed.former:
        raise typer.Exit(1)


@app.command()
def retire(
    env: EnvFile = None,
    data: DataOption = DEFAULT_DATA,
    unchecked: Annotated[
        bool, typer.Option(help="Without a look into the database, where it cannot be reached.")
    ] = False,
) -> None:
    """Take the former keys away, once nothing needs them; services forget them when they start anew.

    Of signing keys, those that signed no token in the last 15 minutes.
    """
    if not unchecked:
        target = find_target(data)
        if asyncio.run(_standing(target, vault(target))).others:
            raise PlatformError("some client keys are still wrapped by a former master key: run `luotsi keys rotate`")
        if target.former_key("PORTAL_KEY") and asyncio.run(standing_of(target)).former:
            raise PlatformError("some secrets of the portal need its former key still: run `luotsi keys rotate`")
    gone = new_keys.retire(new_keys.store(env, data))
    print(f"gone: {', '.join(gone)}" if gone else "there was no former key")


def _refuse_unknown_keys(target: Target) -> None:
    """A running platform that started before the new key was made could open nothing that is wrapped by it."""
    made, started = target.data / "secrets.json", target.data / "platform.json"
    if target.platform and made.stat().st_mtime > started.stat().st_mtime:
        raise PlatformError("the platform does not know the new key yet: stop it, start it again, then rotate")


async def _rotate(target: Target, keys: Vault, batch: int) -> tuple[int, int]:
    wrapped = hashed = 0
    after = None
    try:
        async with operator_database(target.database_url("referral")) as database:
            while True:
                async with database.transaction() as tx:
                    done = await key_rotation.rotate_batch(tx, keys, after, batch)
                wrapped, hashed, after = wrapped + done.wrapped, hashed + done.hashed, done.last
                if after is None:
                    return wrapped, hashed
    except Unreadable:
        raise PlatformError(
            "neither MASTER_KEY nor MASTER_KEY_PREVIOUS opens the key of each client: take them from your copy. "
            "What was wrapped anew before stays so"
        ) from None


async def _standing(target: Target, keys: Vault) -> Standing:
    query = "SELECT count(*) FILTER (WHERE substring(wrapped for 4) = :id) AS present, count(*) AS all FROM client_keys"
    async with operator_database(target.database_url("referral")) as database, database.transaction() as tx:
        row = (await tx.execute(text(query), {"id": keys.master_id})).one()
        return Standing(row.present, row.all - row.present)
