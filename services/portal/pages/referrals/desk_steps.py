"""The steps of the desk that was asked."""

from typing import Final

from services.portal.pages.referrals.step import Step

STEPS: Final = (Step("accept", "accepted", "referrals.step.accept", "referrals.done.accept", kind=""),)
