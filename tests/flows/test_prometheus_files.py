"""Alert rules, dashboard and run-book hold together: promtool is content, and every figure named in them there is."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from luotsi.backup import schedule
from luotsi.doctor.finding import A_DAY_MISSED
from luotsi.retention import nightly
from services.referral.queries.health import OVERDUE_SECONDS, UNSEALED_SECONDS
from shared.consuming.backlog import PARKED_SECONDS, UNREAD_SECONDS
from shared.publishing import backlog
from shared.services import SERVICES, service_names
from tests.builders import small_town
from tests.platform import Platform
from tests.promtool import promtool

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "prometheus"
ALERTS = FOLDER / "alerts.yml"
CASES = ROOT / "tests" / "prometheus" / "alerts_test.yml"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
]
NAMES = [rule["alert"] for rule in RULES]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
NIGHTLY = {"backup": (schedule.NEWEST, schedule.LEDGER), "retention": (nightly.LAST,)}
"""What works beside the services, and its figures"""
PANELS: list[dict[str, Any]] = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))["panels"]


def test_promtool_takes_rules_and_settings() -> None:
    assert f"{len(RULES)} rules found" in promtool("check", "rules", ALERTS)
    assert "is valid prometheus config" in promtool("check", "config", FOLDER / "prometheus.yml")


def test_alerts_come_when_they_should_and_stay_away_else() -> None:
    assert "SUCCESS" in promtool("test", "rules", CASES)


@pytest.mark.parametrize("name", NAMES)
def test_each_alert_is_tried_both_ways(name: str) -> None:
    tried = [
        bool(rule["exp_alerts"])
        for case in yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"]
        for rule in case["alert_rule_test"]
        if rule["alertname"] == name
    ]
    assert {True, False} == set(tried)


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_each_alert_has_an_entry_in_the_run_book(rule: dict[str, Any]) -> None:
    name = rule["alert"]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["runbook"] == f"docs/runbook.md#{name.lower()}"
    [entry] = re.findall(rf"^### {name}\n(.*?)(?=^##|\Z)", RUNBOOK, re.M | re.S)
    assert re.search(r"^\*\*What it means\.\*\* ", entry, re.M)
    assert re.search(r"^1\. ", entry, re.M), "what to do, in steps"


def test_the_run_book_has_no_entry_for_an_alert_that_is_gone() -> None:
    assert re.findall(r"^### (\S+)$", RUNBOOK, re.M) == NAMES


def named(expression: str) -> set[str]:
    """The series that an expression asks for."""
    return set(re.findall(r"\b(luotsi_[a-z_]+|up)\b(?!\s*=)", re.sub(r'"[^"]*"', "", expression)))


def expressions() -> list[str]:
    return [rule["expr"] for rule in RULES] + [target["expr"] for panel in PANELS for target in panel["targets"]]


async def test_every_figure_of_alerts_and_dashboard_there_is(platform: Platform) -> None:
    town = await small_town(platform)
    await platform.settle()
    there = {
        "up",
        *(
            sample.name
            for figure in NIGHTLY.values()
            for each in figure
            for sample in next(iter(each.collect())).samples
        ),
    }
    for service in service_names():
        await platform.client(service, town.adviser if service != "portal" else None).get("/")
        text = (await platform.client(service).get("/metrics")).text
        there |= {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}
    wanted = {name for expression in expressions() for name in named(expression)}
    assert len(wanted) > 25
    assert wanted - there == set()


@pytest.mark.parametrize("service", service_names())
async def test_figures_follow_the_conventions(platform: Platform, service: str) -> None:
    """Names, units, suffixes and explanations, as promtool holds them to be right."""
    await small_town(platform)
    await platform.settle()
    promtool("check", "metrics", given=(await platform.client(service).get("/metrics")).text)


async def test_every_figure_that_waits_is_on_the_dashboard(platform: Platform) -> None:
    await platform.settle()
    gauges = {
        family.name
        for service in service_names()
        for family in text_string_to_metric_families((await platform.client(service).get("/metrics")).text)
        if family.name.startswith("luotsi_") and "_oldest_" in family.name
    }
    shown = {name for panel in PANELS for target in panel["targets"] for name in named(target["expr"])}
    alarmed = {name for rule in RULES for name in named(rule["expr"])}
    assert gauges - shown - alarmed == set()


def test_counters_are_there_before_anything_happens(platform: Platform) -> None:
    """Else the first time would be no increase, and no alert."""
    there = {sample.name for family in REGISTRY.collect() for sample in family.samples}
    increases = {name for rule in RULES for name in re.findall(r"increase\((luotsi_\w+)", rule["expr"])}
    assert increases
    assert increases <= there


def test_alerts_have_the_limits_of_the_doctor() -> None:
    limits = {
        "LuotsiOutboxStandsStill": backlog._SECONDS,
        "LuotsiUnread": UNREAD_SECONDS,
        "LuotsiParked": PARKED_SECONDS,
        "LuotsiTimersOverdue": OVERDUE_SECONDS,
        "LuotsiDaysUnsealed": UNSEALED_SECONDS,
        "LuotsiBackupTooOld": A_DAY_MISSED.total_seconds(),
        "LuotsiRetentionOverdue": A_DAY_MISSED.total_seconds(),
    }
    found = {rule["alert"]: rule["expr"] for rule in RULES}
    for name, limit in limits.items():
        assert found[name].endswith(f" > {limit:g}"), name


def test_prometheus_asks_every_process() -> None:
    jobs = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    asked = {name: found["port"] for job in jobs for found in job["dns_sd_configs"] for name in found["names"]}
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    ports = {
        kind: int(re.findall(rf" {name}=(\d+)", image)[0])
        for kind, name in (("web", "PORT"), ("worker", "METRICS_PORT"))
    }
    of_services = {f"{each.name}-{kind}": ports[kind] for each in SERVICES for kind in each.processes}
    assert asked == of_services | dict.fromkeys(NIGHTLY, ports["worker"])
    [missing] = [rule["expr"] for rule in RULES if rule["alert"] == "LuotsiProcessMissing"]
    assert set(re.findall(r'process="([\w-]+)"', missing)) == of_services.keys()
