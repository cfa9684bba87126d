"""What schemathesis is not to try: queries with a parameter that has no value, which counts as not given."""

from typing import Any

import schemathesis


@schemathesis.hook
def filter_case(_: Any, case: "schemathesis.Case[Any]") -> bool:
    """Whether a case is to be tried."""
    values = (case.query or {}).values()
    return not any(value in ("", [""]) for value in values)
