"""Finds the name of every problem that the code can answer, by reading the code."""

import ast
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path


def _sources(root: Path) -> Iterator[ast.AST]:
    for folder in ("services", "shared"):
        for path in sorted((root / folder).rglob("*.py")):
            yield ast.parse(path.read_text(encoding="utf-8"))


def _name_parameters(root: Path) -> dict[str, int]:
    """What makes a problem, by name → at which place its parameter `name` stands, counted without `self`."""
    found = {}
    for tree in _sources(root):
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


def problem_names(root: Path) -> set[str]:
    """Every name that the code gives to a problem: in calls, as a default, and in what the edge answers."""
    makers = _name_parameters(root)
    expressions: list[ast.AST] = []
    for node in chain.from_iterable(ast.walk(tree) for tree in _sources(root)):
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
    in_edge = re.findall(r"urn:luotsi:problem:([a-z-]+)", (root / "deploy/edge/Caddyfile").read_text(encoding="utf-8"))
    return {value for value in constants if isinstance(value, str)} | set(in_edge)
