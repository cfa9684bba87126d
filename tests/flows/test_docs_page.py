"""The page that describes an API loads from that API alone."""

import base64
import hashlib
import re

import pytest

from shared.services import apis
from tests.platform import Platform


@pytest.mark.parametrize("service", apis())
async def test_the_docs_page_asks_no_other_server(platform: Platform, service: str) -> None:
    client = platform.client(service)
    page = await client.get("/docs")
    assert page.status_code == 200
    addresses = re.findall(r'(?:href|src)="([^"]+)"', page.text) + re.findall(r"url: '([^']+)'", page.text)
    assert len(addresses) == 4
    for address in addresses:
        assert address.startswith("/"), f"{address} is on another server"
        assert (await client.get(address)).status_code == 200


@pytest.mark.parametrize("service", apis())
async def test_the_docs_page_runs_its_own_scripts_and_no_others(platform: Platform, service: str) -> None:
    page = await platform.client(service).get("/docs")
    policy = dict(part.strip().split(" ", maxsplit=1) for part in page.headers["Content-Security-Policy"].split(";"))
    inline = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline]
    assert len(digests) == 1
    assert policy == {
        "default-src": "'none'",
        "script-src": f"'self' 'sha256-{digests[0]}'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page.text), "the policy forbids it"
