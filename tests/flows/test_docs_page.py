"""The page that describes an API loads from that API alone."""

import re

import pytest

from shared.services import service_names
from tests.platform import Platform


@pytest.mark.parametrize("service", service_names())
async def test_the_docs_page_asks_no_other_server(platform: Platform, service: str) -> None:
    client = platform.client(service)
    page = await client.get("/docs")
    assert page.status_code == 200
    addresses = re.findall(r'(?:href|src)="([^"]+)"', page.text) + re.findall(r"url: '([^']+)'", page.text)
    assert len(addresses) == 4
    for address in addresses:
        assert address.startswith("/"), f"{address} is on another server"
        assert (await client.get(address)).status_code == 200
