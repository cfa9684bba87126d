"""The page about notices says what the code does."""

import re
from pathlib import Path

from services.notifications.domain.audience import AUDIENCE, Parts
from services.notifications.domain.retries import RETRY_AFTER

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "notifications.md").read_text(encoding="utf-8")
NAMES = {
    "desk": "desk",
    "assigned": "assigned member",
    "formerly_assigned": "formerly assigned member",
    "source_adviser": "source adviser",
    "first_adviser": "first adviser",
    "coordinator": "coordinator",
}


def shown(parts: Parts) -> str:
    return ", ".join(name for part, name in NAMES.items() if part in parts) or "nobody"


def test_the_table_is_the_code_s_own() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `referral.")]
    assert rows == [
        f"| `{event_type}` | {shown(rule.by_source)} | {shown(rule.by_target)} | {shown(rule.by_nobody)} |"
        for event_type, rule in AUDIENCE.items()
    ]


def test_the_waits_between_attempts_are_told() -> None:
    sentence = " ".join(PAGE.split("Eight attempts:")[1].split(".")[0].split())
    units = {"second": 1, "minute": 60, "hour": 3600}
    waits = [int(number) * units[unit] for number, unit in re.findall(r"(\d+) (second|minute|hour)", sentence)]
    assert waits == [wait.total_seconds() for wait in RETRY_AFTER]


def test_every_status_of_a_delivery_is_explained() -> None:
    tables = (
        Path(__file__).resolve().parents[2] / "services" / "notifications" / "tables" / "deliveries.py"
    ).read_text()
    (listed,) = re.findall(r"status IN \(('pending'.*'withdrawn'.*)\)", tables)
    for status in re.findall(r"'(\w+)'", listed):
        assert f"| `{status}` |" in PAGE
