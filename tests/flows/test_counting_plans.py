"""Counts over a period are planned by the period that is asked for, however often a connection has been asked."""

import pytest
from sqlalchemy import text

from tests.builders import small_town
from tests.platform import Platform
from tests.referring import at_work

OFTEN = 7
"""PostgreSQL plans a statement by its values five times before it looks for a plan for all of them."""
PLANS = text(
    "SELECT sum(custom_plans), sum(generic_plans) FROM pg_prepared_statements "
    "WHERE statement LIKE '%referrals.sent_at >=%' AND statement NOT LIKE '%pg_prepared_statements%'"
)


@pytest.mark.parametrize(
    "path", ["/overview?from=2026-01-01", "/overview/figures?by=month&by=target&from=2026-01-01", "/report?by=service"]
)
async def test_a_count_is_planned_by_its_period(platform: Platform, path: str) -> None:
    coordinator = at_work(platform, (await small_town(platform)).coordinator).client
    engine = platform.apps["referral"].state.luotsi.database.engine
    await engine.dispose()  # the next request opens the only connection, and the others find it free
    for _ in range(OFTEN):
        assert (await coordinator.get(path)).status_code == 200
    async with engine.connect() as connection:
        by_values, for_all = (await connection.execute(PLANS)).one()
    assert by_values >= OFTEN
    assert for_all == 0
