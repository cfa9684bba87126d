"""The event contract: golden schemas both ways, no personal data, and a true AsyncAPI document and page."""

import re
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

import jsonschema
import pytest
import yaml
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema
from pydantic import AwareDatetime, BaseModel, create_model

from luotsi.docs_tools import asyncapi
from shared.events import EVENT_TYPES, Envelope, Payload, schema_name
from shared.events.catalog import OrganizationState, ServiceState
from shared.events.envelope import Names
from shared.events.notification import DeliveryState
from shared.services import SERVICES, streams
from tests.events import golden

DOCS = Path(asyncapi.PAGE).parent
EVENTS_PAGE = (DOCS / "events.md").read_text(encoding="utf-8")

WORDS = {
    "Names": {"fi", "sv", "en"},
    "Keywords": {"fi", "sv", "en"},
    "OrganizationState": {"slug", "email", "former_email"},
    "ServiceState": {"slug", "target_groups", "languages"},
    "MemberState": {"email", "former_email"},
    "ReferralState": {
        *("reference", "root_reference", "status", "language", "reason_code", "outcome_code", "business_status"),
    },
    "DeliveryState": {"cause_type", "channel"},
    "DeclineReason": {"code"},
}
"""The only fields with text: codes, slugs, references, the catalogue's public names and keywords, staff addresses."""
WORDS["ReferralAssigned"] = WORDS["ReferralState"]


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_golden_version_and_todays_code_understand_each_other(event_type: str) -> None:
    assert golden.incompatibilities(event_type, EVENT_TYPES[event_type], golden.read(event_type)) == []


@pytest.mark.parametrize("name", golden.files())
def test_golden_file_is_up_to_date(name: str) -> None:
    """An additive change: `make docs`."""
    assert (golden.FOLDER / name).read_text(encoding="utf-8") == golden.files()[name]


def test_no_type_has_disappeared() -> None:
    assert golden.models_of_types().keys() == EVENT_TYPES.keys()
    assert {path.name for path in golden.FOLDER.iterdir()} == golden.files().keys()


def test_each_model_has_a_golden_file_of_its_own() -> None:
    models = set(EVENT_TYPES.values())
    assert len({model.__name__ for model in models}) == len(models)
    assert set(golden.models_of_types().values()) == {model.__name__ for model in models}


def test_golden_files_are_not_replaced_by_what_breaks_a_reader() -> None:
    event_type = "referral.sent.v1"
    without = {name: model for name, model in EVENT_TYPES.items() if name != event_type}
    assert golden.refused(EVENT_TYPES) == []
    assert [reason.split()[:3] for reason in golden.refused(without)] == [[event_type, "is", "gone:"]]
    [reason] = golden.refused(EVENT_TYPES | {event_type: ServiceState})
    assert reason.startswith(f"{event_type} needs a new version beside it: ")


def test_a_type_may_move_to_a_model_that_adds_fields() -> None:
    assert golden.refused(EVENT_TYPES | {"referral.sent.v1": EVENT_TYPES["referral.assigned.v1"]}) == []
    assert golden.refused(EVENT_TYPES | {"referral.assigned.v1": EVENT_TYPES["referral.sent.v1"]})


def changed(**fields: Any) -> type[Payload]:
    """A service's state with some fields changed; None takes one away."""
    kept = {name: (field.annotation, field) for name, field in ServiceState.model_fields.items()}
    wanted = {name: field for name, field in (kept | fields).items() if field is not None}
    return create_model("ServiceState", __base__=Payload, **wanted)


@pytest.mark.parametrize(
    "model",
    [
        changed(slug=None),
        changed(languages=None),
        changed(slug=(int, ...)),
        changed(slug=(str | None, None)),
        changed(added=(str, ...)),
        changed(capacity=(Literal["capacity", "full"], ...)),
        changed(languages=(str, ...)),
    ],
    ids=["gone", "gone that had a default", "another type", "may be empty", "new and required", "new code", "no list"],
)
def test_a_breaking_change_is_seen(model: type[Payload]) -> None:
    event_type = "catalog.service_changed.v1"
    assert golden.incompatibilities(event_type, model, golden.read(event_type))


def test_an_additive_change_is_none() -> None:
    event_type = "catalog.service_changed.v1"
    model = changed(added=(str | None, None))
    assert golden.incompatibilities(event_type, model, golden.read(event_type)) == []
    assert golden.as_written(model) != golden.as_written(ServiceState)


def test_a_reader_passes_over_what_it_does_not_know() -> None:
    event_type = "catalog.organization_changed.v1"
    sample = golden.read(event_type)["samples"][0]
    sample["data"]["later"] = "something"
    sample["laterattribute"] = 1
    data = EVENT_TYPES[event_type].model_validate(Envelope.model_validate(sample).data)
    assert isinstance(data, OrganizationState)


@pytest.mark.parametrize("event_type", ["notification.delivered.v1", "notification.delivery_failed.v1"])
def test_a_channel_that_is_not_known_yet_breaks_no_reader(event_type: str) -> None:
    relied_on = golden.read(event_type)
    event = relied_on["samples"][0]
    event["data"]["channel"] = "text_message"
    jsonschema.Draft202012Validator(relied_on["schema"]).validate(event)
    assert isinstance(EVENT_TYPES[event_type].model_validate(Envelope.model_validate(event).data), DeliveryState)


def test_types_are_past_facts_with_a_version_and_a_schema_of_their_own() -> None:
    for event_type in EVENT_TYPES:
        assert re.fullmatch(r"(catalog|referral|notification)\.[a-z_]+\.v[1-9]\d*", event_type)
    assert len({schema_name(event_type) for event_type in EVENT_TYPES}) == len(EVENT_TYPES)


def test_every_type_travels_on_one_stream() -> None:
    found = [event_type for stream in streams() for event_type in asyncapi.types_on(stream)]
    assert sorted(found) == sorted(EVENT_TYPES)


def fields(model: type[BaseModel]) -> list[tuple[str, str, Any]]:
    """Model, name and innermost type of every field of an event's data, however deep."""
    found: list[tuple[str, str, Any]] = []
    for name, field in model.model_fields.items():
        for kind in innermost(field.annotation):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                found += fields(kind)
            else:
                found.append((model.__name__, name, kind))
    return found


def innermost(kind: Any) -> list[Any]:
    if get_origin(kind) in (None, Literal) or kind is AwareDatetime:
        return [kind]
    return [one for part in get_args(kind) if part not in (type(None), ...) for one in innermost(part)]


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_no_field_can_carry_who_somebody_is(event_type: str) -> None:
    for model, name, kind in fields(EVENT_TYPES[event_type]):
        if kind is str:
            assert name in WORDS.get(model, set()), f"{model}.{name} could hold any text"
        else:
            assert get_origin(kind) is Literal or kind in (UUID, bool, int, float, date, AwareDatetime), (
                f"{model}.{name}"
            )
    about = {(model, name) for model, name, _ in fields(EVENT_TYPES[event_type])}
    if not event_type.startswith("catalog."):
        assert not any(name == "email" or model == Names.__name__ for model, name in about)


def test_asyncapi_document_is_what_the_code_says() -> None:
    """Otherwise: `make docs`."""
    assert asyncapi.PAGE.read_text(encoding="utf-8") == asyncapi.as_yaml()


def test_asyncapi_document_has_the_shape_of_asyncapi_3() -> None:
    document = yaml.safe_load(asyncapi.PAGE.read_text(encoding="utf-8"))
    ApplicationSchema.model_validate(document)
    for reference in references(document):
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
    channels = {channel["address"] for channel in document["channels"].values()}
    assert channels == set(streams())


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [found for value in part.values() for found in references(value)]
    return [found for value in part for found in references(value)] if isinstance(part, list) else []


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_asyncapi_payload_describes_the_events_that_are_sent(event_type: str) -> None:
    document = asyncapi.document()
    payload = document["components"]["messages"][event_type]["payload"]
    checker = jsonschema.Draft202012Validator(payload | {"components": document["components"]})
    for sample in golden.events(event_type, EVENT_TYPES[event_type]):
        checker.validate(sample)
        broken = sample | {"data": {}}
        assert not checker.is_valid(broken)


def test_services_deal_only_with_declared_streams_and_known_types() -> None:
    found = {(consumer.group, consumer.stream) for consumer in asyncapi.consumers()}
    assert found == {(service.name, stream) for service in SERVICES for stream in service.reads}
    for consumer in asyncapi.consumers():
        assert consumer.handlers
        assert set(consumer.handlers) <= set(asyncapi.types_on(consumer.stream))


@pytest.mark.parametrize("name", [*EVENT_TYPES, *streams(), *Envelope.model_fields])
def test_page_of_events_names_every_type_stream_and_attribute(name: str) -> None:
    assert f"`{name}`" in EVENTS_PAGE


def test_page_of_events_names_only_tests_that_exist() -> None:
    folder = Path(__file__).parent
    written = "".join(path.read_text(encoding="utf-8") for path in folder.glob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", EVENTS_PAGE)
    assert len(named) > 20
    for name in named:
        assert f"def {name}(" in written, name
