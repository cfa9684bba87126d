"""Every text and every day that a request may hold has a type from `shared/values`, and so has the next field.

And what an answer has nothing to say of is left out of it.
"""

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BeforeValidator, TypeAdapter, ValidationError

from shared.values.days import Day
from shared.values.forms import Form
from shared.values.texts import Prose, TextRule
from shared.web.answers import Answer
from shared.web.requests import Body
from tests.test_docs import applications

APPLICATIONS = applications()
KEPT_NOWHERE = {"query", "area", "form", "after"}
"""Parameters that are looked at and kept nowhere: words and a place to search for, a media type, a cursor."""

WRITTEN_DAY = next(each for each in get_args(Day) if isinstance(each, BeforeValidator))


def all_bodies(of: type[Body] = Body) -> Iterator[type[Body]]:
    for model in of.__subclasses__():
        if model.__module__.startswith(("services.", "shared.")):
            yield model
        yield from all_bodies(model)


def untyped(annotation: Any, metadata: tuple[Any, ...] = ()) -> Iterator[str]:
    """What in an annotation is a bare text, day or moment."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        yield from untyped(inner, (*more, *metadata))
    elif get_origin(annotation) is Literal:
        return
    elif get_args(annotation):
        for part in get_args(annotation):
            yield from untyped(part)
    elif annotation is str and not any(isinstance(each, Form | TextRule) for each in metadata):
        yield "str"
    elif annotation is date and WRITTEN_DAY not in metadata:
        yield "date"
    elif annotation is datetime or (annotation is time and not metadata) or annotation is bytes:
        yield annotation.__name__


def test_the_walk_finds_what_is_untyped() -> None:
    assert list(untyped(list[str | None])) == ["str"]
    assert list(untyped(dict[str, Annotated[date, "no type"]])) == ["str", "date"]
    assert list(untyped(list[Prose] | Day | None)) == []


@pytest.mark.parametrize("model", sorted(set(all_bodies()), key=str))
def test_every_text_of_a_body_has_a_type(model: type[Body]) -> None:
    for name, field in model.model_fields.items():
        assert not list(untyped(field.annotation, tuple(field.metadata))), (
            f"{model.__name__}.{name}: take a type of shared/values"
        )


@pytest.mark.parametrize("app", APPLICATIONS.values(), ids=APPLICATIONS.keys())
def test_every_text_of_a_query_has_a_type(app: FastAPI) -> None:
    found = [
        (route.path, parameter.name, parameter.field_info)
        for route in all_routes(app.router)
        for dependant in _with_dependencies(route.dependant)
        for parameter in dependant.query_params
    ]
    assert len(found) > 2
    for path, name, info in found:
        if name not in KEPT_NOWHERE:
            assert not list(untyped(info.annotation, tuple(info.metadata))), (
                f"{path}?{name}: take a type of shared/values"
            )


def test_no_schema_of_a_request_is_held_by_a_pattern_alone() -> None:
    """Its message would show a regular expression, where a person needs an example."""
    for model in all_bodies():
        for name, field in model.model_fields.items():
            constraints = [each for each in field.metadata if getattr(each, "pattern", None)]
            assert not constraints, f"{model.__name__}.{name}"


def all_routes(router: Any) -> Iterator[APIRoute]:
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif included := getattr(route, "original_router", None):
            yield from all_routes(included)


def _with_dependencies(dependant: Any) -> Iterator[Any]:
    yield dependant
    for each in dependant.dependencies:
        yield from _with_dependencies(each)


def all_answers(of: type[Answer] = Answer) -> Iterator[type[Answer]]:
    for model in of.__subclasses__():
        yield model
        yield from all_answers(model)


def takes_null(annotation: Any) -> bool:
    try:
        TypeAdapter(annotation).validate_python(None)
    except ValidationError:
        return False
    return True


def test_no_field_of_an_answer_can_be_null() -> None:
    answers = set(all_answers())
    assert len(answers) > 20
    nullable = {
        f"{model.__name__}.{name}"
        for model in answers
        for name, field in model.model_fields.items()
        if field.exclude_if is None and takes_null(field.annotation)
    }
    assert nullable == set(), "a field that may be left out is a Maybe, with absent()"
