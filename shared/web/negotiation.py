"""Content negotiation: which media types a caller takes, and which it would rather have (RFC 9110, 12.5.1)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fastapi import Request

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


def prefers(request: Request, media_type: str, default: str) -> bool:
    """Whether the caller would rather have `media_type` than `default`, which it gets when it has no preference."""
    accept = _accept(request)
    return _quality(accept, media_type) > _quality(accept, default)


def takes(request: Request, *media_types: str, fixed: Mapping[str, str] = _NONE) -> bool:
    """Whether the caller takes an answer of one of these media types; it takes any when it does not say.

    `fixed` are parameters of the answer, by name in small letters: who asks for another value does not take it.
    """
    return covers(_accept(request), *media_types, fixed=fixed)


def covers(accept: str, *media_types: str, fixed: Mapping[str, str] = _NONE) -> bool:
    """The same of the text of an `Accept`."""
    return any(_quality(accept, media_type, fixed) > 0 for media_type in media_types)


def _accept(request: Request) -> str:
    return ",".join(request.headers.getlist("Accept")).strip() or "*/*"


def _quality(accept: str, media_type: str, fixed: Mapping[str, str] = _NONE) -> float:
    """The weight of a media type; the most specific range that covers it counts."""
    kind = media_type.partition("/")[0]
    best = (-1, 0.0)
    for part in accept.split(","):
        media_range, *parameters = (each.strip().lower() for each in part.split(";"))
        specific = {media_type: 2, f"{kind}/*": 1, "*/*": 0}.get(media_range)
        if specific is not None and specific > best[0] and not _differs(parameters, fixed):
            best = (specific, _weight(parameters))
    return best[1]


def _differs(parameters: list[str], fixed: Mapping[str, str]) -> bool:
    asked = {name.strip(): value.strip(' "') for name, _, value in (each.partition("=") for each in parameters)}
    return any(asked.get(name, value) != value for name, value in fixed.items())


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
