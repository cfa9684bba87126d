"""The language of a page for somebody of whom none is known: what the browser asks for."""

from collections.abc import Sequence


def accepted_language(header: str, known: Sequence[str]) -> str:
    """The language of `known` that an Accept-Language header likes best; the first where it likes none."""
    best, best_weight = known[0], 0.0
    for part in header.split(","):
        tag, _, parameters = part.strip().partition(";")
        code = tag.strip().partition("-")[0].lower()
        weight = _weight(parameters)
        if code in known and weight > best_weight:
            best, best_weight = code, weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return max(0.0, min(1.0, float(value)))
    except ValueError:
        return 0.0
