"""Content negotiation: which media types a caller takes, and which it would rather have (RFC 9110, 12.5.1)."""

from fastapi import Request


def prefers(request: Request, media_type: str, default: str) -> bool:
    """Whether the caller would rather have `media_type` than `default`, which it gets when it has no preference."""
    accept = _accept(request)
    return _quality(accept, media_type) > _quality(accept, default)


def takes(request: Request, *media_types: str) -> bool:
    """Whether the caller takes an answer of one of these media types; it takes any when it does not say."""
    accept = _accept(request)
    return any(_quality(accept, media_type) > 0 for media_type in media_types)


def _accept(request: Request) -> str:
    return ",".join(request.headers.getlist("Accept")).strip() or "*/*"


def _quality(accept: str, media_type: str) -> float:
    """The weight of a media type; the most specific range that covers it counts."""
    kind = media_type.partition("/")[0]
    best = (-1, 0.0)
    for part in accept.split(","):
        media_range, *parameters = (each.strip().lower() for each in part.split(";"))
        specific = {media_type: 2, f"{kind}/*": 1, "*/*": 0}.get(media_range)
        if specific is not None and specific > best[0]:
            best = (specific, _weight(parameters))
    return best[1]


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
