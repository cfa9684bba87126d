"""The public keys, as the portal publishes them for whoever verifies the platform's tokens."""

import json

from joserfc.jwk import KeySet

from shared.services import SERVICES
from tests.platform import Platform


async def test_the_portal_publishes_the_keys_that_tokens_are_verified_by(platform: Platform) -> None:
    async with platform.browser() as browser:
        answer = await browser.get("/.well-known/jwks.json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/jwk-set+json")
    assert not any(key.is_private for key in KeySet.import_key_set(answer.json()))
    assert answer.json() == json.loads(platform.tokens.jwks.read_text())


def test_nobody_but_the_portal_is_given_the_key_that_signs() -> None:
    assert [service.name for service in SERVICES if service.calls_apis] == ["portal"]
