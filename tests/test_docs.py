"""What the docs say of the code is so, and complete: lifecycle, routes, problems, settings, modules, words."""

import re
import subprocess
import sys
import tomllib
from itertools import chain
from pkgutil import resolve_name
from uuid import uuid4

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from luotsi.backup.settings import BackupSettings
from luotsi.docs_tools import lifecycle
from services.catalog import main as catalog_main
from services.notifications import main as notifications_main
from services.notifications.settings import NotificationsSettings
from services.portal.settings import PortalSettings
from services.referral import main as referral_main
from services.referral.domain.lifecycle import LIFECYCLE
from services.referral.schemas.referrals import NewReferral
from services.referral.settings import ReferralSettings
from shared.mail.settings import MailSettings
from shared.settings import Settings
from tests.docs_reader import ROOT, problem_names, read, section, tracked

COMMON = {"database_url": "postgresql://u:p@127.0.0.1/x", "redis_url": "redis://127.0.0.1/0", "jwks": "keys.json"}
KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
HEALTH = {("GET", "/livez"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/health")}


def test_the_lifecycle_page_is_that_of_the_code() -> None:
    assert lifecycle.page() == lifecycle.PAGE.read_text(encoding="utf-8"), (
        "write it anew: python -m luotsi.docs_tools.lifecycle"
    )


def applications() -> dict[str, FastAPI]:
    referral = ReferralSettings.model_validate({**COMMON, "master_key": KEY, "index_key": KEY, "audit_key": KEY})
    return {
        "Catalogue": catalog_main.create_app(Settings.model_validate(COMMON)),
        "Referral": referral_main.create_app(referral),
        "Notifications": notifications_main.create_app(NotificationsSettings.model_validate(COMMON)),
    }


@pytest.mark.parametrize("service", ["Catalogue", "Referral", "Notifications"])
def test_every_route_is_listed(service: str) -> None:
    paths = applications()[service].openapi()["paths"]
    real = {(method.upper(), re.sub(r"\{\w+\}", "{id}", path)) for path, item in paths.items() for method in item}
    rows = re.findall(r"^\| ([A-Z]+) \| `([^`]+)`", section(read("docs/http.md"), f"### {service}"), re.M)
    listed = set(
        chain.from_iterable(
            [(method, path.replace("{command}", command)) for command, rule in LIFECYCLE.items() if rule.sides]
            if path.endswith("/{command}")
            else [(method, path)]
            for method, path in rows
        )
    )
    assert listed == real - HEALTH
    assert real >= HEALTH


@pytest.mark.parametrize("service", ["Catalogue", "Referral", "Notifications"])
def test_routes_for_anybody_are_those_without_a_token(service: str) -> None:
    paths = applications()[service].openapi()["paths"]
    opened = {
        (method.upper(), re.sub(r"\{\w+\}", "{id}", path))
        for path, item in paths.items()
        for method, operation in item.items()
        if not operation.get("security")
    }
    rows = re.findall(r"^\| ([A-Z]+) \| `([^`]+)` \| anybody \|", section(read("docs/http.md"), f"### {service}"), re.M)
    assert set(rows) == opened - HEALTH


def test_every_problem_is_listed_with_what_to_do() -> None:
    real = problem_names()
    assert {"invalid", "not-found", "no-desk", "illegal-command", "stale-version"} <= real, (
        "the search finds too little"
    )
    rows = re.findall(
        r"^\| (?:\d{3}|other) \| `([a-z-]+)` \| (.+) \|$", section(read("docs/http.md"), "## Problems"), re.M
    )
    assert {name for name, _ in rows} == real
    assert len(rows) == len(real)


SETTINGS: dict[str, type[BaseModel]] = {
    "## Every service": Settings,
    "## Referral service, in addition": ReferralSettings,
    "## Notification service and portal, in addition": MailSettings,
    "## Notification service, in addition": NotificationsSettings,
    "## Portal, in addition": PortalSettings,
    "## Backups": BackupSettings,
}


@pytest.mark.parametrize("title", SETTINGS)
def test_every_setting_is_listed_with_its_default(title: str) -> None:
    model = SETTINGS[title]
    bases = [other for other in SETTINGS.values() if issubclass(model, other) and other is not model]
    inherited = {name for base in bases for name in base.model_fields}
    own = {name: field for name, field in model.model_fields.items() if name not in inherited}
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \| .+\|$", section(read("docs/settings.md"), title), re.M))
    assert rows.keys() == {name.upper() for name in own}
    for name, field in own.items():
        shown, default = rows[name.upper()].strip(), field.default
        if default is PydanticUndefined:
            assert (shown == "needed") == (field.default_factory is None), name
        else:
            plain = default.get_secret_value() if isinstance(default, SecretStr) else default
            plain = ",".join(f"{each:%H:%M}" for each in plain) if isinstance(plain, tuple) else plain
            assert shown == {"": "empty", None: "none"}.get(plain, f"`{plain}`"), name


def test_variables_of_the_command_line_are_those_of_the_code() -> None:
    listed = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", section(read("docs/settings.md"), "## The command line")))
    code = " ".join(path.read_text(encoding="utf-8") for path in [*(ROOT / "luotsi").rglob("*.py")])
    code += read("deploy/image/entrypoint")
    for variable in listed:
        _, _, kind = variable.partition("_")
        assert variable in code or f"_{kind}" in code or f'"{kind}"' in code, variable


def test_every_variable_of_env_is_on_the_page_of_operations() -> None:
    offered = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", read(".env.example"), re.M))
    rows = "\n".join(re.findall(r"^\| (`[A-Z].*?) \|", section(read("docs/operations.md"), "## Variables"), re.M))
    assert offered <= set(re.findall(r"`([A-Z0-9_]+)`", rows))


def test_the_contents_of_operations_name_every_chapter_in_its_order() -> None:
    page = read("docs/operations.md")
    listed = re.findall(r"^- \[(.+)\]\(#", page.partition("\n## ")[0], re.M)
    assert listed == re.findall(r"^## (.+)$", page, re.M)


def test_the_first_referral_of_the_readme_is_one_that_would_be_taken() -> None:
    readme = read("README.md")
    example = re.search(r"-d @- <<END\n(.*?)\nEND", readme, re.S)
    assert example is not None
    new = NewReferral.model_validate_json(example[1].replace("$SERVICE", str(uuid4())))
    assert new.send
    assert new.reason is not None
    assert new.legal_basis is not None
    seeded = read("services/catalog/data/kuopio.yaml")
    for slug in re.findall(r":8001/services/([a-z-]+)", readme):
        assert f"slug: {slug}\n" in seeded, slug


def test_every_module_that_services_share_is_explained() -> None:
    explained = section(read("docs/architecture.md"), "## What `shared/` is for")
    shared = ROOT / "shared"
    rooms = {path.name for path in shared.iterdir() if (path / "__init__.py").exists()}
    assert set(re.findall(r"^\| `(\w+)/` \|", explained, re.M)) == rooms
    modules = {path.name for path in shared.rglob("*.py") if path.parent.name != "events"} - {"__init__.py"}
    assert set(re.findall(r"`(\w+\.py)`", explained)) == modules


def test_the_tree_shows_every_room_that_there_is() -> None:
    tree = re.search(
        r"^```\nservices/<name>/\n(.*?)^```", section(read("docs/architecture.md"), "## The tree"), re.M | re.S
    )
    assert tree is not None
    services, rest = tree[1].split("shared/", maxsplit=1)
    shared, luotsi = rest.split("luotsi/", maxsplit=1)
    present = {
        "services": {match[1] for name in tracked() if (match := re.match(r"services/\w+/(\w+)/", name))}
        - {"data", "locales", "static"},
        "shared": {match[1] for name in tracked() if (match := re.match(r"shared/(\w+)/", name))},
        "luotsi": {match[1] for name in tracked() if (match := re.match(r"luotsi/(\w+)/", name))},
    }
    for root, shown in (("services", services), ("shared", shared), ("luotsi", luotsi)):
        assert set(re.findall(r"^  (\w+)/", shown, re.M)) == present[root], root


def test_the_import_rule_on_the_page_is_the_one_that_is_checked() -> None:
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    [layers] = [each["layers"] for each in contracts if "services.*" in each.get("containers", ())]
    checked = " → ".join(f"`{re.sub('[()]', '', layer)}`" for layer in layers)
    assert checked in " ".join(section(read("docs/architecture.md"), "## The tree").split())


def test_what_a_newcomer_looks_for_is_found_in_one_step() -> None:
    rows = re.findall(r"^\| (.+) \| (.+) \|$", section(read("docs/architecture.md"), "## Where to look"), re.M)[2:]
    assert len(rows) > 15
    for wanted, where in rows:
        paths = re.findall(r"`(\w+/[\w./]+)`", where)
        assert paths, wanted
        for path in paths:
            assert (ROOT / path).is_file(), f"{wanted}: {path}"


GLOSSARY = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", read("docs/glossary.md"), re.M)
WORDS = [row for row in GLOSSARY if row[0] != "word" and not row[0].startswith("-")]


def test_the_glossary_has_one_line_a_word() -> None:
    rows = [line for line in read("docs/glossary.md").splitlines() if line.startswith("| ")]
    assert len(WORDS) > 60
    assert len(rows) == len(GLOSSARY), "a row has other than four cells"
    for column in (0, 1):
        names = [row[column] for row in WORDS]
        assert len(set(names)) == len(names), {name for name in names if names.count(name) > 1}
    for word, _, meaning, _ in WORDS:
        assert meaning.endswith("."), word


@pytest.mark.parametrize(("word", "where"), [(row[0], row[3]) for row in WORDS])
def test_names_in_the_glossary_exist(word: str, where: str) -> None:
    names = re.findall(r"`([\w.]+)`", where)
    assert names, word
    for name in names:
        resolve_name(name)


def test_every_command_is_named() -> None:
    # With an environment of its own, so that nobody's terminal colours the answer.
    command = [sys.executable, "-m", "luotsi", "--help"]
    said = subprocess.run(command, cwd=ROOT, env={"COLUMNS": "100"}, capture_output=True, text=True, check=True)
    commands = set(re.findall(r"^│ ([a-z]+) +[A-Z]", said.stdout, re.M))
    assert {"up", "token"} <= commands
    row = re.search(r"^\| `luotsi/` \| (.+) \|$", read("README.md"), re.M)
    assert row is not None
    assert set(re.findall(r"`([a-z]+)`", row[1])) == commands


def test_every_folder_of_tests_is_explained() -> None:
    folders = {name.split("/")[1] for name in tracked() if re.match(r"tests/\w+/", name)}
    explained = section(read("CONTRIBUTING.md"), "## Tests")
    assert set(re.findall(r"^\| `tests/(\w+)/` \|", explained, re.M)) == folders


def test_every_folder_is_explained() -> None:
    folders = {name.split("/", maxsplit=1)[0] for name in tracked() if "/" in name and not name.startswith(".")}
    explained = section(read("README.md"), "## What is where")
    assert {row.split("/", maxsplit=1)[0] for row in re.findall(r"^\| `([\w/]+)`", explained, re.M)} == folders
