"""The AsyncAPI 3.0 document of the streams, written from the code: `python -m luotsi.docs_tools.asyncapi`."""

from importlib import import_module
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.consuming.inbox import Consumer
from shared.events import EVENT_TYPES, Envelope, Payload
from shared.services import dead_stream, groups_of, publishers, readers, stream_of, streams

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "asyncapi.yaml"

Document = dict[str, Any]


def types_on(stream: str) -> list[str]:
    """The event types that travel on `stream`, in the contract's order: on `catalog.events` those of `catalog.`."""
    return [name for name in EVENT_TYPES if name.startswith(stream.removesuffix("events"))]


def consumers() -> list[Consumer]:
    """Every consumer of every service that reads a stream, by its `consumers.example_consumers()`."""
    modules = [import_module(f"services.{service}.consumers") for service in readers()]
    return [consumer for module in modules for consumer in module.example_consumers()]


def document() -> Document:
    """The document: streams are channels, event types are messages, services send and receive."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Luotsi events",
            "version": "1.0.0",
            "description": "What the services tell each other, on Redis streams. An entry has one field, "
            "`__data__`, which holds the event as JSON (CloudEvents 1.0, structured mode).",
            "license": {"name": "EUPL-1.2", "url": "https://eupl.eu/1.2/en/"},
        },
        "defaultContentType": "application/json",
        "servers": {"redis": {"host": "localhost:6379", "pathname": "/0", "protocol": "redis"}},
        "channels": {_name(stream): _channel(stream) for stream in streams()},
        "operations": {**_sending(), **_receiving()},
        "components": {
            "messages": {event_type: _message(event_type, model) for event_type, model in EVENT_TYPES.items()},
            "schemas": _schemas(),
        },
    }


def _name(stream: str) -> str:
    """`catalog.events` as a key: catalogEvents."""
    first, _, second = stream.partition(".")
    return first + second.capitalize()


def _channel(stream: str) -> Document:
    dead = " and ".join(f"`{dead_stream(stream, group)}`" for group in groups_of(stream))
    return {
        "address": stream,
        "description": f"A Redis stream. Entries that a group could not take lie in {dead}.",
        "servers": [{"$ref": "#/servers/redis"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in types_on(stream)},
    }


def _operation(action: str, stream: str, types: list[str], summary: str) -> Document:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{_name(stream)}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{_name(stream)}/messages/{name}"} for name in types],
    }


def _sending() -> Document:
    return {
        f"{service}Sends": _operation(
            "send", stream_of(service), types_on(stream_of(service)), f"What the {service} service tells."
        )
        for service in publishers()
    }


def _receiving() -> Document:
    found = {}
    for consumer in consumers():
        types = [name for name in types_on(consumer.stream) if name in consumer.handlers]
        summary = f"What the {consumer.group} service deals with, as consumer group `{consumer.group}`."
        name = f"{consumer.group}Receives{_name(consumer.stream).removesuffix('Events').capitalize()}"
        found[name] = _operation("receive", consumer.stream, types, summary)
    return found


def _message(event_type: str, model: type[Payload]) -> Document:
    return {
        "name": event_type,
        "title": event_type,
        "summary": (model.__doc__ or "").split("\n")[0],
        "contentType": "application/json",
        "correlationId": {"location": "$message.payload#/correlationid"},
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/Envelope"},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": event_type},
                        "data": {"$ref": f"#/components/schemas/{model.__name__}"},
                    },
                },
            ]
        },
    }


def _schemas() -> Document:
    models: list[type[BaseModel]] = [Envelope, *dict.fromkeys(EVENT_TYPES.values())]
    _, found = models_json_schema(
        [(model, "serialization") for model in models], ref_template="#/components/schemas/{model}"
    )
    return dict(found["$defs"])


def as_yaml() -> str:
    """The document as it is committed."""
    head = "# Written by `make docs` from shared/services.py, shared/events/ and the services' consumers.\n"
    return head + yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=110)


if __name__ == "__main__":
    PAGE.write_text(as_yaml(), encoding="utf-8")
