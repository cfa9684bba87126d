"""What a list says of a value of a filter that nobody knows."""

import re
from html import unescape

import httpx2


def unknown_filter(page: httpx2.Response) -> tuple[str, str] | None:
    """The value of which the page says that nobody knows it, and the address without it; None where it says nothing."""
    found = re.search(r'<p class="unknown-filter">[^<]*“([^<]*)”[^<]*<a href="([^"]*)"', page.text)
    return (found[1], unescape(found[2])) if found else None
