"""Reads the docs, and out of the code what they must say."""

import ast
import re
import subprocess
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def read(page: str) -> str:
    """The text of a file, named from the root."""
    return (ROOT / page).read_text(encoding="utf-8")


def without_examples(text: str) -> str:
    """A page without what stands in fences."""
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def section(text: str, title: str) -> str:
    """The part of a page below a heading, down to the next one of its level or above."""
    level = len(title) - len(title.lstrip("#"))
    found = re.search(rf"^{re.escape(title)}$(.*?)(?=^#{{1,{level}}} |\Z)", text, re.M | re.S)
    assert found is not None, f"no heading {title}"
    return found[1]


def tracked() -> list[str]:
    """Every file of the project, named from the root."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


def _sources() -> Iterator[ast.AST]:
    for folder in ("services", "shared"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield ast.parse(path.read_text(encoding="utf-8"))


def _name_parameters() -> dict[str, int]:
    """What makes a problem, by name → at which place its parameter `name` stands, counted without `self`."""
    found = {}
    for tree in _sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name in {"Problem", "RuleBroken"}:
                maker: ast.FunctionDef = next(
                    each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"
                )
                called, skipped = node.name, 1
            elif isinstance(node, ast.FunctionDef) and ast.unparse(node.returns or ast.Constant(None)) == "Problem":
                maker, called, skipped = node, node.name, 0
            else:
                continue
            parameters = [each.arg for each in maker.args.args + maker.args.kwonlyargs][skipped:]
            if "name" in parameters:
                found[called] = parameters.index("name")
    return found


def problem_names() -> set[str]:
    """Every name that the code gives to a problem: in calls, as a default, and in what the edge answers."""
    makers = _name_parameters()
    expressions: list[ast.AST] = []
    for node in chain.from_iterable(ast.walk(tree) for tree in _sources()):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in makers:
                expressions += [each.value for each in node.keywords if each.arg == "name"]
                expressions += node.args[makers[called] : makers[called] + 1]
        elif isinstance(node, ast.FunctionDef) and node.name in makers:
            named = zip(reversed(node.args.args), reversed(node.args.defaults), strict=False)
            expressions += [default for parameter, default in named if parameter.arg == "name"]
    constants = [
        each.value for each in chain.from_iterable(map(ast.walk, expressions)) if isinstance(each, ast.Constant)
    ]
    in_edge = re.findall(r"urn:luotsi:problem:([a-z-]+)", read("deploy/edge/Caddyfile"))
    return {value for value in constants if isinstance(value, str)} | set(in_edge)
