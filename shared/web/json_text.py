"""JSON as it comes in: what one reader takes one way and another one the other way is refused (RFC 8259, section 4)."""

import json
from collections import Counter
from typing import Any

from pydantic_core import from_json

from shared.personal_identity import contains_code
from shared.problems import invalid, malformed

_LONGEST_NAME = 50


class _Repeated(Exception):
    """A name stands twice in one object."""


def parse_json(raw: bytes) -> Any:
    """The value of a JSON text; `{}` for an empty one. Raises 400 for what is no JSON, 422 for a name given twice."""
    if not raw:
        return {}
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError:
        raise malformed("The body is not valid JSON. Check quotes, commas and brackets.") from None
    try:
        json.loads(raw, object_pairs_hook=_each_once)
    except _Repeated as repeated:
        name = str(repeated)
        shown = "(name of a field)" if contains_code(name) else name[:_LONGEST_NAME]
        error = {"field": shown, "message": "given twice in one object"}
        raise invalid("Give each field once: of two, it can't be known which one you mean.", [error]) from None
    except (ValueError, RecursionError):
        raise malformed("The body is not valid JSON. Check quotes, commas and brackets.") from None
    return value


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise _Repeated(next(name for name, times in counts.items() if times > 1))
    return found
