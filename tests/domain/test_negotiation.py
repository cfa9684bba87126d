"""Content negotiation: what a caller would rather have."""

import pytest
from starlette.requests import Request

from shared.web.negotiation import prefers


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (None, False),
        ("*/*", False),
        ("application/json", False),
        ("text/html", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("text/*", True),
        ("application/json, text/html;q=0.5", False),
        ("application/json;q=0.4, text/html;q=0.5", True),
        ("TEXT/HTML; q=1.0", True),
        ("text/html;q=0, */*", False),
        ("text/html;q=nonsense, */*;q=0.1", False),
        ("text/html, application/json", False),
        ("application/json, text/html;level=1;q=0.5", False),
        (",;q=,", False),
    ],
)
def test_a_page_is_for_who_would_rather_have_one(accept: str | None, page: bool) -> None:
    headers = [] if accept is None else [(b"accept", accept.encode())]
    request = Request({"type": "http", "headers": headers})
    assert prefers(request, "text/html", "application/json") is page
