"""Settings of the referral service: those of every service, and the keys to client data."""

import base64
import binascii
from typing import Annotated

from pydantic import BeforeValidator, Field, Secret

from shared.settings import Settings


def _key(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        key = base64.urlsafe_b64decode(value)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64url") from None
    if len(key) != 32:
        raise ValueError(f"must be 32 bytes in base64url, and has {len(key)}")
    return key


Key = Annotated[Secret[bytes], BeforeValidator(_key)]


class ReferralSettings(Settings):
    """The keys are 32 random bytes each, in base64url. Whoever loses MASTER_KEY loses every client's data."""

    master_key: Key = Field(description="Wraps each client's own key")
    index_key: Key = Field(description="Keys the hashes by which a client is found again")
    audit_key: Key = Field(description="Seals the log of who was shown what, day by day")
