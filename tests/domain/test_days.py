"""A day is a day in Kuopio: shortly after midnight there, the servers' clocks still show the day before."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest.mock import sentinel

import pytest

from services.referral.unit_of_work import UnitOfWork
from shared.clock import ahead_by, utc_now


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 23, 21, 59, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 11, 23, 22, 0, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 7, 1, 21, 0, tzinfo=UTC), date(2026, 7, 2)),
    ],
)
def test_today_is_the_day_in_kuopio(moment: datetime, day: date) -> None:
    work = UnitOfWork(tx=sentinel.tx, outbox=sentinel.outbox, vault=sentinel.vault, now=moment)
    assert work.today == day


def test_a_clock_can_be_ahead_of_the_real_one(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock = ahead_by(file)
    for written, days in ((None, 0), ("no number", 0), (str(3 * 24 * 3600), 3)):
        if written is not None:
            file.write_text(written)
        before = utc_now()
        assert before <= clock() - timedelta(days=days) <= utc_now()
