"""The golden schemas: what each event looked like when others began to rely on it. `make docs` adds to them.

The folder `golden` holds a file for the envelope, a file for each model of an event's data, and `types.json`, which
says the model of each event type. A file holds the JSON Schema (`schema`) and examples (`samples`), one on a line.

Only what breaks nobody is written: the files are replaced when the old ones and the new code understand each other,
both ways; otherwise the change needs a new version of the type.
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


_LEFT_OUT = {"tracestate"}
"""Attributes that are published only with a value."""


def schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a model, as this code writes it: with all its fields, those with a default too."""
    whole = model.model_json_schema(mode="serialization", ref_template="#/$defs/{model}")
    for part in (whole, *whole.get("$defs", {}).values()):
        part["required"] = [name for name in part["properties"] if name not in _LEFT_OUT]
    return whole


def samples(model: type[Payload]) -> list[dict[str, Any]]:
    """Data of events as this code writes it: full, as bare as may be, and one for every code of a list."""
    return [model.model_validate(values).model_dump(mode="json") for values in _variants(model)]


def events(event_type: str, model: type[Payload]) -> list[dict[str, Any]]:
    """The `samples` of a model as whole events of a type."""
    return [_event(event_type, data) for data in samples(model)]


def _event(event_type: str, data: dict[str, Any], tracestate: str | None = None) -> dict[str, Any]:
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
        tracestate=tracestate,
        data=data,
    )
    found: dict[str, Any] = event.model_dump(mode="json", exclude=event.unset)
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


def models_of_types() -> dict[str, str]:
    """The golden event types, each with the name of the model of its data."""
    return _read("types.json")


def read(event_type: str) -> dict[str, Any]:
    """The golden version of a type, put together from the envelope's file and that of its model.

    `schema` is the JSON Schema of whole events, `samples` are whole events.
    """
    envelope, model = _read("Envelope.json"), models_of_types()[event_type]
    data = _read(f"{model}.json")
    definitions = data["schema"].pop("$defs", {}) | {model: data["schema"]}
    of_type = {"type": {"const": event_type}, "data": {"$ref": f"#/$defs/{model}"}}
    whole = envelope["schema"] | {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": definitions}
    whole["properties"] |= of_type
    named = {"type": event_type, "dataschema": schema_name(event_type)}
    return {
        "schema": whole,
        "samples": [sample | named | {"data": one} for sample in envelope["samples"] for one in data["samples"]],
    }


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return found


def incompatibilities(event_type: str, model: type[Payload], golden: Mapping[str, Any]) -> list[str]:
    """In what the golden version of a type and this code do not understand each other; empty when they do."""
    found = []
    for sample in golden["samples"]:
        try:
            model.model_validate(Envelope.model_validate(sample).data)
        except ValidationError as error:
            found += [f"today's code refuses a golden event: {fault['loc']} {fault['msg']}" for fault in error.errors()]
    checker = jsonschema.Draft202012Validator(golden["schema"], format_checker=jsonschema.FormatChecker())
    for event in events(event_type, model):
        for fault in checker.iter_errors(event):
            found.append(f"the golden schema refuses today's event: {fault.json_path} {fault.message}")
    return found


def files() -> dict[str, str]:
    """What the golden files of this code would be: name of the file → its text."""
    models = sorted(set(EVENT_TYPES.values()), key=lambda model: model.__name__)
    return {
        "Envelope.json": _as_text(schema(Envelope), [_event("any", {}), _event("any", {}, "vendor=value")]),
        **{f"{model.__name__}.json": as_written(model) for model in models},
        "types.json": json.dumps({name: model.__name__ for name, model in EVENT_TYPES.items()}, indent=1) + "\n",
    }


def as_written(model: type[Payload]) -> str:
    """What the golden file of a model would be."""
    return _as_text(schema(model), samples(model))


def _as_text(described: dict[str, Any], examples: list[dict[str, Any]]) -> str:
    lines = ",\n  ".join(json.dumps(one, ensure_ascii=False) for one in examples)
    shape = json.dumps(described, indent=1, ensure_ascii=False).replace("\n", "\n ")
    return f'{{\n "schema": {shape},\n "samples": [\n  {lines}\n ]\n}}\n'


def refused(models: Mapping[str, type[Payload]]) -> list[str]:
    """Why these event types, each with its model, may not replace the golden ones; empty when they may."""
    found = [
        f"{event_type} is gone: others may still read it"
        for event_type in models_of_types()
        if event_type not in models
    ]
    for event_type in models_of_types().keys() & models.keys():
        faults = incompatibilities(event_type, models[event_type], read(event_type))
        found += [f"{event_type} needs a new version beside it: {fault}" for fault in faults[:1]]
    return sorted(found)


def write() -> None:
    """Write the golden files anew. Writes nothing, and exits with 1 and the reasons, where one may not be replaced."""
    if reasons := refused(EVENT_TYPES):
        sys.exit("\n".join(reasons))
    wanted = files()
    for path in FOLDER.iterdir():
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
