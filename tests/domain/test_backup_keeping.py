"""Which backups are kept."""

from datetime import UTC, datetime, timedelta

from luotsi.backup.keeping import Keep, kept

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def test_a_year_of_nights_leaves_days_weeks_and_months() -> None:
    nights = [NOON - timedelta(days=days) for days in range(400)]
    stay = sorted(kept(nights, Keep(7, 4, 12)), reverse=True)
    assert stay[:7] == nights[:7]
    assert len({moment.isocalendar()[:2] for moment in stay}) >= 4
    assert {(moment.year, moment.month) for moment in stay} == {(2026, month) for month in range(1, 12)} | {(2025, 12)}
    assert len(stay) <= 7 + 4 + 12


def test_a_day_is_kuopio_s_and_its_newest_stays() -> None:
    day = [
        datetime(2026, 7, 1, 20, tzinfo=UTC),
        datetime(2026, 7, 1, 21, 30, tzinfo=UTC),
    ]  # the second is the next day there
    assert kept(day, Keep(2, 0, 0)) == set(day)
    same = [datetime(2026, 7, 1, 5, tzinfo=UTC), datetime(2026, 7, 1, 20, tzinfo=UTC)]
    assert kept(same, Keep(7, 4, 12)) == {same[1]}


def test_gaps_do_not_shorten_what_is_kept() -> None:
    rare = [NOON - timedelta(days=40 * number) for number in range(5)]
    assert kept(rare, Keep(3, 0, 0)) == set(rare[:3])
    assert kept([], Keep(7, 4, 12)) == set()
