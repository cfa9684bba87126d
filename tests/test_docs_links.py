"""The docs hold together: links lead somewhere, what is named exists, and the project speaks only of itself."""

import re
from pathlib import Path

import pytest

from tests.docs_reader import ROOT, read, tracked, without_examples

DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def anchors(text: str) -> set[str]:
    """What a `#fragment` may name: headings in small letters, hyphens for spaces, without punctuation."""
    headings = re.findall(r"^#+ (.+)$", without_examples(text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    text = without_examples(read(name))
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


def test_every_decision_is_in_the_list_and_complete() -> None:
    folder = DOCS / "decisions"
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    index = read("docs/decisions/README.md")
    assert re.findall(r"\((\d{4}-[a-z-]+\.md)\)", index) == records
    numbers = [int(name[:4]) for name in records]
    assert len(set(numbers)) == len(records), "a number is given once; one that was not needed stays free"
    for number, name in zip(numbers, records, strict=True):
        text = (folder / name).read_text(encoding="utf-8")
        title = text.splitlines()[0]
        assert title.startswith(f"# {number}. ")
        superseded = re.search(r"^\*\*Decision\.\*\* Superseded by \[decision (\d+)\]", text, re.M)
        mark = f" (superseded by {superseded[1]})" if superseded else ""
        assert f"{number}. [{title.removeprefix(f'# {number}. ')}]({name}){mark}\n" in index
        for part in ("**Context.**", "**Decision.**", "**Held by**", "**Would reopen it:**"):
            assert part in text, f"{name} has no {part}"


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


def test_the_readme_begins_with_three_pictures_that_are_soon_loaded() -> None:
    beginning = read("README.md").partition("\n## ")[0]
    pictures = [ROOT / name for name in re.findall(r"!\[[^\]]+\]\((docs/pictures/[^)]+)\)", beginning)]
    assert len(pictures) == 3
    for picture in pictures:
        assert picture.read_bytes().startswith(b"\x89PNG"), picture
        assert picture.stat().st_size < 200_000, f"{picture}: make screenshots"
