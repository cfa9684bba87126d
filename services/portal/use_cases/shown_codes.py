"""Recovery codes that were just made: to be looked at by their owner until they are kept, and by nobody afterwards."""

from datetime import datetime
from uuid import UUID

from services.portal.use_cases.attempts import begin_step, steps_of, use_up
from services.portal.use_cases.second_factors import new_recovery_codes
from services.portal.vault import AccountVault
from shared.database.transaction import Transaction


async def make_codes(tx: Transaction, vault: AccountVault, person_id: UUID, browser: str, now: datetime) -> None:
    """Make fresh recovery codes in place of all others, to be shown in this browser."""
    codes = await new_recovery_codes(tx, vault, person_id, now)
    await begin_step(tx, vault, "recovery_codes", browser, {"codes": codes}, now, person_id=person_id)


async def codes_to_show(
    tx: Transaction, vault: AccountVault, person_id: UUID, browser: str | None, now: datetime
) -> list[str]:
    """The codes that the person has not said to be kept; none in another browser."""
    steps = await steps_of(tx, vault, "recovery_codes", browser, now)
    return next((step.content["codes"] for step in steps if step.row.person_id == person_id), [])


async def codes_are_kept(
    tx: Transaction, vault: AccountVault, person_id: UUID, browser: str | None, now: datetime
) -> None:
    """Show the codes no more."""
    for step in await steps_of(tx, vault, "recovery_codes", browser, now):
        if step.row.person_id == person_id:
            use_up(tx, step, now)
