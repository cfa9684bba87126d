"""The golden schemas: what each event looked like when others began to rely on it. `make docs` adds to them.

Only what breaks nobody is written: a golden file is replaced when the old one and the new code understand
each other, both ways; otherwise the change needs a new version of the type.
"""

import json
import sys
import types
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

import jsonschema
from pydantic import BaseModel, ValidationError

from shared.events import EVENT_TYPES, Envelope, Payload, schema_name

FOLDER = Path(__file__).resolve().parent / "golden"

_PLAIN: dict[Any, Any] = {
    str: "a-code",
    bool: True,
    int: 1,
    float: 0.5,
    UUID: "01990000-0000-7000-8000-000000000001",
    date: "2026-03-02",
    datetime: "2026-03-02T09:00:00Z",
}


def schema(event_type: str, model: type[Payload]) -> dict[str, Any]:
    """The JSON Schema of whole events of a type, as this code writes them."""
    whole = Envelope.model_json_schema(mode="serialization")
    data = model.model_json_schema(mode="serialization", ref_template="#/$defs/{model}")
    definitions = data.pop("$defs", {}) | {model.__name__: data}
    whole["properties"] |= {"type": {"const": event_type}, "data": {"$ref": f"#/$defs/{model.__name__}"}}
    for part in (whole, *definitions.values()):
        part["required"] = list(part["properties"])  # an event is written with all its fields, defaults too
    return whole | {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": definitions}


def samples(event_type: str, model: type[Payload]) -> list[dict[str, Any]]:
    """Events of a type as this code writes them: full, as bare as may be, and one for every code of a list."""
    return [_event(event_type, model, values) for values in _variants(model)]


def _event(event_type: str, model: type[Payload], data: Mapping[str, Any]) -> dict[str, Any]:
    event = Envelope(
        id=UUID(_PLAIN[UUID]),
        source="urn:luotsi:somewhere",
        type=event_type,
        time=datetime.fromisoformat(_PLAIN[datetime]),
        subject=_PLAIN[UUID],
        dataschema=schema_name(event_type),
        sequence=1,
        epoch=1,
        actor="system",
        correlationid="c",
        traceparent=f"00-{'1' * 32}-{'2' * 16}-01",
        data=model.model_validate(data).model_dump(mode="json"),
    )
    found: dict[str, Any] = event.model_dump(mode="json")
    return found


def _variants(model: type[BaseModel]) -> Iterator[dict[str, Any]]:
    values = {name: field.examples or _values(field.annotation) for name, field in model.model_fields.items()}
    full = {name: each[0] for name, each in values.items()}
    yield full
    yield {name: full[name] for name, field in model.model_fields.items() if field.is_required()}
    for name, each in values.items():
        for value in each[1:]:
            yield full | {name: value}


def _values(kind: Any) -> list[Any]:
    """Values of every sort that a field of this type can have, the fullest first."""
    if kind in _PLAIN:
        return [_PLAIN[kind]]
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    if get_origin(kind) is tuple:
        return [*([value] for value in _values(get_args(kind)[0])), []]
    if get_origin(kind) in (Union, types.UnionType):
        return [value for one in get_args(kind) if one is not type(None) for value in _values(one)] + [None]
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return list(_variants(kind))
    if hasattr(kind, "__metadata__") or kind.__name__ == "AwareDatetime":
        return [_PLAIN[datetime]]
    raise TypeError(f"no sample for {kind}")


def read(event_type: str) -> dict[str, Any]:
    """The golden file of a type: `schema` and `samples`."""
    found: dict[str, Any] = json.loads((FOLDER / f"{event_type}.json").read_text(encoding="utf-8"))
    return found


def incompatibilities(event_type: str, model: type[Payload], golden: Mapping[str, Any]) -> list[str]:
    """In what the golden version and this code do not understand each other; empty when they do."""
    found = []
    for sample in golden["samples"]:
        try:
            model.model_validate(Envelope.model_validate(sample).data)
        except ValidationError as error:
            found += [f"today's code refuses a golden event: {fault['loc']} {fault['msg']}" for fault in error.errors()]
    checker = jsonschema.Draft202012Validator(golden["schema"], format_checker=jsonschema.FormatChecker())
    for sample in samples(event_type, model):
        for fault in checker.iter_errors(sample):
            found.append(f"the golden schema refuses today's event: {fault.json_path} {fault.message}")
    return found


def as_written(event_type: str, model: type[Payload]) -> str:
    """What the golden file of this code would be."""
    content = {"schema": schema(event_type, model), "samples": samples(event_type, model)}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def write() -> None:
    """Write every golden file anew that may be. Exits with 1 and the reasons where one may not."""
    FOLDER.mkdir(exist_ok=True)
    refused = []
    for event_type, model in EVENT_TYPES.items():
        path = FOLDER / f"{event_type}.json"
        faults = incompatibilities(event_type, model, read(event_type)) if path.exists() else []
        if faults:
            refused.append(f"{event_type} needs a new version beside it: {faults[0]}")
        else:
            path.write_text(as_written(event_type, model), encoding="utf-8")
    sys.exit("\n".join(refused) or None)


if __name__ == "__main__":
    write()
