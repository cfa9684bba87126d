"""axe-core, the checker of accessibility that most others are built on, let loose on a page in a browser."""

import hashlib
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page

PROGRAM: Final = Path(__file__).parent / "axe-core/axe.min.js"
DIGEST: Final = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
"""Of axe.min.js in the package axe-core 4.14.1; its licences lie beside it"""
_RUN: Final = """axe.run(document, {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  resultTypes: ["violations"],
})"""


async def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it stands: the rule, what it asks for, and where."""
    await page.evaluate(_program())
    found: dict[str, Any] = await page.evaluate(_RUN)
    return [
        f"{rule['id']} ({rule['help']}): " + "; ".join(node["html"][:160] for node in rule["nodes"][:4])
        for rule in found["violations"]
    ]


def _program() -> str:
    program = PROGRAM.read_bytes()
    assert hashlib.sha256(program).hexdigest() == DIGEST, "axe-core is not the one that was looked at"
    return program.decode()
