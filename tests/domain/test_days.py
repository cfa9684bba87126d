"""A day is a day in Kuopio: shortly after midnight there, the servers' clocks still show the day before."""

from datetime import UTC, date, datetime
from unittest.mock import sentinel

import pytest

from services.referral.work import Work


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 23, 21, 59, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 11, 23, 22, 0, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 7, 1, 21, 0, tzinfo=UTC), date(2026, 7, 2)),
    ],
)
def test_today_is_the_day_in_kuopio(moment: datetime, day: date) -> None:
    work = Work(session=sentinel.session, outbox=sentinel.outbox, vault=sentinel.vault, now=moment)
    assert work.today == day
