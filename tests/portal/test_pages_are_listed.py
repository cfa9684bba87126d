"""The table of pages in docs/portal.md is complete, and says who may see each."""

import re

from services.portal.pages.access import Access
from tests.docs_reader import read, section
from tests.platform import Platform
from tests.portal.routes import portal_routes

FILES = {"/static/{digest}/{name}", "/favicon.ico", "/robots.txt", "/.well-known/jwks.json"}


def who(access: Access | None) -> str:
    """Who may see a page, as the table says it."""
    if access is None or access.public:
        return "anybody"
    if access.platform:
        return "the platform's administrators"
    return ", ".join(sorted(access.roles)) or "members"


def test_every_page_is_listed_with_who_may_see_it(platform_session: Platform) -> None:
    real = {
        re.sub(r"\{[^}]+\}", "{id}", path): who(access)
        for method, path, access in portal_routes(platform_session)
        if method == "GET" and path not in FILES
    }
    rows = re.findall(r"^\| (`/[^|]*`) \| ([^|]+) \| .+\|$", section(read("docs/portal.md"), "## Pages"), re.M)
    listed = {path: reader for cell, reader in rows for path in re.findall(r"`([^`]+)`", cell)}
    missing = [f"| `{path}` | {reader} | … |" for path, reader in real.items() if listed.get(path) != reader]
    assert not missing, "docs/portal.md, Pages, has to say:\n" + "\n".join(missing)
    assert listed.keys() == real.keys()
