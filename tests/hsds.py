"""The official JSON schemas of Open Referral HSDS 3.1, where they are at hand beside the project."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

FOLDER: Final = Path(__file__).resolve().parents[2] / "shared" / "standards" / "hsds-3.1" / "schema"


@cache
def _registry() -> Registry[Any]:
    files = {path.name: json.loads(path.read_text("utf-8")) for path in FOLDER.glob("*.json")}
    resources = {name: Resource.from_contents(whole, DRAFT202012) for name, whole in files.items()}
    return Registry().with_resources(resources.items())


def at_hand() -> bool:
    """Whether the schemas are there."""
    return (FOLDER / "service.json").is_file()


def faults(kind: str, thing: Any) -> list[str]:
    """What the schema of that name (service, organization, …) has against a thing; nothing when it fits."""
    checker = jsonschema.Draft202012Validator(
        {"$ref": f"{kind}.json"}, registry=_registry(), format_checker=jsonschema.FormatChecker()
    )
    return [f"{each.json_path}: {each.message}" for each in checker.iter_errors(thing)]
