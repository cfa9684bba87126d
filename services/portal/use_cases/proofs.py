"""Between the first factor and the session: what a browser has proved so far, and what is still wanted of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.portal.domain.ways import Way
from services.portal.queries.accounts import Account
from services.portal.queries.ways_in import ways_in
from services.portal.use_cases.attempts import Step, begin_step, keep_in, steps_of, use_up
from services.portal.vault import AccountVault
from shared.database.transaction import Transaction


@dataclass(frozen=True)
class Proof:
    """What a browser has proved: that it reads a person's mail; with `complete`, a second factor as well.

    `complete` is then the way by which the person signs in. `new_codes`: it was set up on the way, so the person gets
    recovery codes.
    """

    person_id: UUID
    address: str
    return_to: str
    complete: Way | None = None
    new_codes: bool = False


async def begin_proof(tx: Transaction, vault: AccountVault, browser: str, proof: Proof, now: datetime) -> None:
    """Write down what a browser has proved. `browser` is a fresh secret, that nobody can have known before."""
    await begin_step(tx, vault, "proof", browser, _content(proof), now, person_id=proof.person_id)


async def find_proof(
    tx: Transaction, vault: AccountVault, browser: str | None, now: datetime
) -> tuple[Step, Proof] | None:
    """What the browser has proved last, as long as that holds."""
    steps = await steps_of(tx, vault, "proof", browser, now)
    return (steps[0], _proof(steps[0])) if steps else None


def complete(tx: Transaction, vault: AccountVault, step: Step, way: Way, *, new_codes: bool = False) -> Proof:
    """The browser has proved all that is wanted."""
    proof = replace(_proof(step), complete=way, new_codes=new_codes)
    keep_in(tx, vault, step, _content(proof))
    return proof


async def enter(
    tx: Transaction, step: Step, proof: Proof, member_id: UUID | None, now: datetime
) -> Account | list[Account]:
    """The account that a complete proof opens, and use the proof up; those to choose from, where none was chosen.

    An empty list: none is open to the person any more.
    """
    assert proof.complete is not None
    accounts = (await ways_in(tx, proof.address)).local
    chosen = accounts if member_id is None else [each for each in accounts if each.id == member_id]
    if len(chosen) != 1:
        return accounts
    use_up(tx, step, now)
    return chosen[0]


def _content(proof: Proof) -> dict[str, Any]:
    return {
        "address": proof.address,
        "return_to": proof.return_to,
        "complete": proof.complete,
        "new_codes": proof.new_codes,
    }


def _proof(step: Step) -> Proof:
    assert step.row.person_id is not None
    return Proof(person_id=step.row.person_id, **step.content)
