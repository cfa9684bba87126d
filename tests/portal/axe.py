"""axe-core, the checker of accessibility that most others are built on, let loose on a page in a browser."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page

PROGRAM: Final = Path(__file__).parent / "axe-core/axe.min.js"
DIGEST: Final = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
"""Of axe.min.js in the package axe-core 4.14.1; its licences lie beside it"""
_TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
OF_COLOURS: Final = ("color-contrast", "link-in-text-block")
"""Rules whose answer hangs on the colours: all that differs between light and dark"""
OF_PLACES: Final = ("target-size", "scrollable-region-focusable")
"""Rules whose answer hangs on where things stand: all that differs between the directions of writing"""
_RUN: Final = """(only) => axe.run(document, {
  runOnly: only,
  resultTypes: ["violations"],
})"""


async def violations(page: Page, *rules: str) -> list[str]:
    """What axe finds wrong with the page as it stands: the rule, what it asks for, and where. Without `rules` all."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_program())
    only = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": list(_TAGS)}
    found: dict[str, Any] = await page.evaluate(_RUN, only)
    return [
        f"{rule['id']} ({rule['help']}): " + "; ".join(node["html"][:160] for node in rule["nodes"][:4])
        for rule in found["violations"]
    ]


@cache
def _program() -> str:
    program = PROGRAM.read_bytes()
    assert hashlib.sha256(program).hexdigest() == DIGEST, "axe-core is not the one that was looked at"
    return program.decode()
