"""What templates and styles may not hold: code and style in the page, htmx's ways to run code, sides of a page."""

import hashlib
import re
from pathlib import Path
from typing import Final

import pytest

PORTAL: Final = Path("services/portal")
TEMPLATES: Final = sorted((PORTAL / "templates").rglob("*.html"))
STYLES: Final = sorted((PORTAL / "static").glob("*.css"))
HTMX: Final = PORTAL / "static/vendor/htmx-4.0.1.min.js"
HTMX_DIGEST: Final = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"

FORBIDDEN_IN_TEMPLATES: Final = {
    "a style in the page": r"<style\b|\sstyle\s*=",
    "code in the page": r"<script\b(?![^>]*\bsrc=)[^>]*>|\son[a-z]+\s*=|javascript:",
    "code in an attribute of htmx": r"hx-on\b|[\"']js:",
    "a filter of a trigger, which is code": r"hx-trigger\s*(?:=|\"\s*:)\s*[\"'][^\"']*\w\[",
    "a way of htmx around the page's own links": r"hx-boost",
    "something of another host": r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//",
    "a text that only a pointer sees": r"\stitle\s*=\s*[\"']",
}
"""What it is → what it looks like"""
SIDES: Final = (
    r"(?<![\w-])(?:(?:margin|padding|border)-(?:left|right|top|bottom)|(?:min-|max-)?(?:width|height)"
    r"|left|right|top|bottom|float)\s*:|(?:text-align|clear)\s*:\s*(?:left|right)"
)
"""Properties and values of one writing direction, where there are logical ones; queries of the screen's width may be"""


def without_comments(template: str) -> str:
    """A template without what stands in it for those who write templates."""
    return re.sub(r"\{#.*?#\}", "", template, flags=re.DOTALL)


def forbidden(text: str) -> list[str]:
    """What a template holds that it may not."""
    return [what for what, looks in FORBIDDEN_IN_TEMPLATES.items() if re.search(looks, text, re.IGNORECASE)]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(PORTAL / "templates")))
def test_a_template_holds_no_code_and_no_style(template: Path) -> None:
    assert forbidden(without_comments(template.read_text())) == []


@pytest.mark.parametrize(
    "text",
    [
        '<p style="x">',
        "<style>",
        "<script>go()</script>",
        '<a onclick="go()">',
        '<a href="javascript:go()">',
        '<a hx-on:click="go()">',
        "<a hx-vals='js:{a: b()}'>",
        """<a hx-trigger="click[ctrlKey]">""",
        """{{ text_field(attributes={"hx-trigger": "keyup[key=='Enter']"}) }}""",
        '<body hx-boost="true">',
        '<img src="https://elsewhere.example/a.png">',
        '<p title="more">',
    ],
)
def test_what_is_forbidden_is_found(text: str) -> None:
    assert len(forbidden(text)) == 1


@pytest.mark.parametrize("style", STYLES, ids=lambda path: path.name)
def test_a_style_knows_start_and_end_but_no_sides(style: Path) -> None:
    rules = re.sub(r"/\*.*?\*/|\((?:min|max)-width:[^)]*\)", "", style.read_text(), flags=re.DOTALL)
    assert re.findall(SIDES, rules) == []


def test_sides_are_found() -> None:
    assert len(re.findall(SIDES, "a { margin-left: 1px; min-width: 2px; text-align: left; inline-size: 3px }")) == 3


def test_nothing_moves_for_those_who_asked_for_rest() -> None:
    """What moves stands in the one block for those who did not ask."""
    style = (PORTAL / "static/portal.css").read_text()
    resting = re.sub(
        r"@media \(prefers-reduced-motion: no-preference\) \{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}", "", style
    )
    assert "prefers-reduced-motion" in style
    assert re.findall(r"@keyframes|\banimation|\btransition|scroll-behavior", resting) == []


def test_htmx_is_the_one_that_was_looked_at() -> None:
    """Of the package htmx.org 4.0.1, unchanged; its licence lies beside it."""
    assert hashlib.sha256(HTMX.read_bytes()).hexdigest() == HTMX_DIGEST
    assert "BSD" in (HTMX.parent / "htmx-LICENSE.txt").read_text()
