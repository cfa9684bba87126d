"""All steps, in the order in which a referral's page shows them."""

from collections.abc import Mapping
from typing import Final

from services.portal.pages.json_objects import JSON
from services.portal.pages.referrals import desk_steps, source_steps
from services.portal.pages.referrals.step import Step

STEPS: Final = (*desk_steps.STEPS, *source_steps.STEPS)
BY_COMMAND: Final[Mapping[str, Step]] = {step.command: step for step in STEPS}


def open_steps(referral: JSON) -> list[Step]:
    """The steps that the member's side may take now."""
    return [step for step in STEPS if step.open_in(referral)]
