"""Whether an identity provider says that somebody signed in with two factors (`amr`, RFC 8176; `acr`)."""

from collections.abc import Mapping
from typing import Any, Final

_KNOWLEDGE: Final = frozenset({"pwd", "pin", "kba"})
_POSSESSION: Final = frozenset({"otp", "hwk", "swk", "sc", "pop", "sms", "tel"})
_INHERENCE: Final = frozenset({"face", "fpt", "iris", "retina", "vbm"})

TWO_FACTOR_ACR: Final = frozenset(
    {
        "https://refeds.org/profile/mfa",
        "http://schemas.openid.net/pape/policies/2007/06/multi-factor",
        "http://schemas.openid.net/acr/2016/07/phr",
        "http://schemas.openid.net/acr/2016/07/phrh",
        "phr",
        "phrh",
        "http://eidas.europa.eu/LoA/substantial",
        "http://eidas.europa.eu/LoA/high",
        "http://ftn.ficora.fi/2017/loa2",
        "http://ftn.ficora.fi/2017/loa3",
    }
)
"""Classes of authentication that cannot be reached with one factor"""


def asserts_two_factors(claims: Mapping[str, Any]) -> bool:
    """Whether the claims of an ID token speak of two factors of different kinds."""
    methods = claims.get("amr")
    used = {each for each in methods if isinstance(each, str)} if isinstance(methods, list) else set()
    kinds = sum(not used.isdisjoint(kind) for kind in (_KNOWLEDGE, _POSSESSION, _INHERENCE))
    return "mfa" in used or kinds > 1 or claims.get("acr") in TWO_FACTOR_ACR
