"""The fault rig knows of every event that somebody is told of."""

from services.notifications.domain.audience import HEARD
from tests.faults.checks.expectations import AUDIENCE


def test_the_rig_expects_notices_of_what_leads_to_notices() -> None:
    assert set(AUDIENCE) == set(HEARD)
