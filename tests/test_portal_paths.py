"""Paths of the portal's pages are declared once: whoever builds a link asks `shared/portal_paths.py`."""

import ast
import re
from uuid import UUID

import pytest

from shared import portal_paths
from tests.docs_reader import ROOT, tracked

DECLARED = "shared/portal_paths.py"
REFERRAL = UUID("01990000-0000-7000-8000-000000000001")


def first_steps() -> set[str]:
    """The first step of each declared path: `referrals` of `/referrals/{referral_id}`."""
    declared = {name: value for name, value in vars(portal_paths).items() if name.isupper() and isinstance(value, str)}
    return {path.split("/")[1] for path in declared.values()}


def spelled(source: str) -> list[str]:
    """The texts in a module, parts of f-strings among them, in which a step of a path is one of the portal's."""
    step = re.compile(rf"(?:^|/)(?:{'|'.join(first_steps())})(?:/|$)")
    texts = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
    return [text for text in texts if isinstance(text, str) and step.search(text)]


def builds_links(name: str, source: str) -> bool:
    """Whether a module could link to the portal. The referral service's own routes are called alike, and are others.

    The portal's own modules say where its pages are; that those are there is a test of the portal.
    """
    if name.startswith("services/portal/"):
        return False
    return name.startswith("services/notifications/") or "public_url" in source


def test_no_other_module_spells_a_path_of_the_portal() -> None:
    modules = [name for name in tracked() if re.match(r"(luotsi|services|shared)/.*\.py$", name) and name != DECLARED]
    sources = {name: (ROOT / name).read_text(encoding="utf-8") for name in modules}
    found = {name: spelled(source) for name, source in sources.items() if builds_links(name, source)}
    assert len(found) > 40, "the search finds too little"
    assert {name: texts for name, texts in found.items() if texts} == {}


@pytest.mark.parametrize("line", ['f"{public_url}/referrals/{id}"', '"overview" if about else f"referrals/{id}"'])
def test_a_path_that_is_spelled_elsewhere_is_seen(line: str) -> None:
    assert spelled(f"page = {line}")


@pytest.mark.parametrize("public_url", ["https://luotsi.example", "https://luotsi.example/"])
def test_addresses_begin_where_people_open_the_platform(public_url: str) -> None:
    assert portal_paths.overview_url(public_url) == "https://luotsi.example/overview"
    assert portal_paths.sign_in_url(public_url) == "https://luotsi.example/sign-in"
    assert portal_paths.referral_url(public_url, REFERRAL) == f"https://luotsi.example/referrals/{REFERRAL}"
