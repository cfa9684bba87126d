"""What the papers say is so: links lead somewhere, and routes, problems, settings and the lifecycle are complete."""

import re
import subprocess
from itertools import chain
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from luotsi import lifecycle_docs
from services.catalog import main as catalog_main
from services.notifications import main as notifications_main
from services.notifications.settings import NotificationSettings
from services.referral import main as referral_main
from services.referral.domain import LIFECYCLE
from services.referral.schemas import NewReferral
from services.referral.settings import ReferralSettings
from shared.settings import Settings
from tests.problem_names import problem_names

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
COMMON = {"database_url": "postgresql://u:p@127.0.0.1/x", "redis_url": "redis://127.0.0.1/0", "jwks": "keys.json"}
KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
HEALTH = {("GET", "/livez"), ("GET", "/readyz"), ("GET", "/metrics")}


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    """The part of a page below a heading, down to the next one of its level or above."""
    level = len(title) - len(title.lstrip("#"))
    found = re.search(rf"^{re.escape(title)}$(.*?)(?=^#{{1,{level}}} |\Z)", text, re.M | re.S)
    assert found is not None, f"no heading {title}"
    return found[1]


def anchors(text: str) -> set[str]:
    """What a `#fragment` may name: headings in small letters, hyphens for spaces, without punctuation."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    text = re.sub(r"^```.*?^```", "", read(name), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, fragment = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{name} links to {target}"
        if fragment:
            assert fragment in anchors(there.read_text(encoding="utf-8")), f"{name} links to {target}"


@pytest.mark.parametrize("name", NAMES)
def test_files_that_are_named_exist(name: str) -> None:
    roots = "shared|services|luotsi|tests|docs|deploy|requirements"
    for path in re.findall(rf"`((?:{roots})/[\w./-]*)`", read(name)):
        assert (ROOT / path).exists(), f"{name} names {path}"


@pytest.mark.parametrize("name", NAMES)
def test_make_targets_that_are_named_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.M))
    named = set(re.findall(r"(?:^|`|&& )make ([a-z-]+)", read(name), re.M))
    assert named <= targets, f"{name} names {named - targets}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        links = re.findall(r"\]\(([^)\s#:]+)[^)]*\)", page.read_text(encoding="utf-8"))
        waiting += [(page.parent / link).resolve() for link in links]
    assert set(PAGES) <= seen, set(PAGES) - seen


def test_the_lifecycle_page_is_that_of_the_code() -> None:
    assert lifecycle_docs.page() == lifecycle_docs.PAGE.read_text(encoding="utf-8"), (
        "write it anew: python -m luotsi.lifecycle_docs"
    )


def applications() -> dict[str, FastAPI]:
    referral = ReferralSettings.model_validate({**COMMON, "master_key": KEY, "index_key": KEY})
    return {
        "Catalogue": catalog_main.create_app(Settings.model_validate(COMMON)),
        "Referral": referral_main.create_app(referral),
        "Notifications": notifications_main.create_app(NotificationSettings.model_validate(COMMON)),
    }


@pytest.mark.parametrize("service", ["Catalogue", "Referral", "Notifications"])
def test_every_route_is_listed(service: str) -> None:
    paths = applications()[service].openapi()["paths"]
    real = {(method.upper(), re.sub(r"\{\w+\}", "{id}", path)) for path, item in paths.items() for method in item}
    rows = re.findall(r"^\| ([A-Z]+) \| `([^`]+)`", section(read("docs/http.md"), f"### {service}"), re.M)
    listed = set(
        chain.from_iterable(
            [(method, path.replace("{command}", command)) for command in LIFECYCLE]
            if path.endswith("/{command}")
            else [(method, path)]
            for method, path in rows
        )
    )
    assert listed == real - HEALTH
    assert real >= HEALTH


def test_every_problem_is_listed_with_what_to_do() -> None:
    real = problem_names(ROOT)
    assert {"invalid", "not-found", "no-desk", "illegal-command", "stale-version"} <= real, (
        "the search finds too little"
    )
    rows = re.findall(
        r"^\| (?:\d{3}|other) \| `([a-z-]+)` \| (.+) \|$", section(read("docs/http.md"), "## Problems"), re.M
    )
    assert {name for name, _ in rows} == real
    assert len(rows) == len(real)


SETTINGS = {
    "## Every service": Settings,
    "## Referral service, in addition": ReferralSettings,
    "## Notification service, in addition": NotificationSettings,
}


@pytest.mark.parametrize("title", SETTINGS)
def test_every_setting_is_listed_with_its_default(title: str) -> None:
    model = SETTINGS[title]
    inherited = Settings.model_fields if model is not Settings else {}
    own = {name: field for name, field in model.model_fields.items() if name not in inherited}
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \| .+\|$", section(read("docs/settings.md"), title), re.M))
    assert rows.keys() == {name.upper() for name in own}
    for name, field in own.items():
        shown, default = rows[name.upper()].strip(), field.default
        if default is PydanticUndefined:
            assert (shown == "needed") == (field.default_factory is None), name
        else:
            plain = default.get_secret_value() if isinstance(default, SecretStr) else default
            assert shown == {"": "empty", None: "none"}.get(plain, f"`{plain}`"), name


def test_variables_of_the_command_line_are_those_of_the_code() -> None:
    listed = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", section(read("docs/settings.md"), "## The command line")))
    code = " ".join(path.read_text(encoding="utf-8") for path in [*(ROOT / "luotsi").rglob("*.py")])
    code += read("deploy/image/entrypoint")
    for variable in listed:
        _, _, kind = variable.partition("_")
        assert variable in code or f"_{kind}" in code or f'"{kind}"' in code, variable


def test_every_decision_is_in_the_list_and_complete() -> None:
    folder = DOCS / "decisions"
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    index = read("docs/decisions/README.md")
    assert re.findall(r"\((\d{4}-[a-z-]+\.md)\)", index) == records
    for number, name in enumerate(records, start=1):
        text = (folder / name).read_text(encoding="utf-8")
        assert name.startswith(f"{number:04d}-")
        title = text.splitlines()[0]
        assert title.startswith(f"# {number}. ")
        assert f"[{title.removeprefix(f'# {number}. ')}]({name})" in index
        for part in ("**Context.**", "**Decision.**", "**Held by**", "**Would reopen it:**"):
            assert part in text, f"{name} has no {part}"


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


def tracked() -> list[str]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


# In two parts, or this file would find itself.
FORBIDDEN = {
    "address of a package index": "|".join(["pypi" + r"\.", "python" + r"hosted\.", "dev" + "pi", "arti" + "factory"]),
    "index or mirror for packages": "--(?:extra-)?" + "index-url [^-]|--" + "find-links [^-]|--" + "trusted-host",
    "folder of somebody's machine": "/" + r"home/\w|/" + r"Users/\w|/" + r"root/\w",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_project_speaks_only_of_itself(what: str) -> None:
    forbidden = re.compile(FORBIDDEN[what], re.M | re.I)
    for name in tracked():
        text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
        found = forbidden.search(text)
        assert found is None, f"{name}: {what}: {found[0] if found else ''}"


def test_the_picture_is_well_formed_and_says_what_it_shows() -> None:
    picture = read("docs/flow.svg")
    assert "<title" in picture
    assert "<desc" in picture
    assert "prefers-color-scheme: dark" in picture
    assert re.search(r"!\[[^\]]+\]\(docs/flow\.svg\)", read("README.md"))
