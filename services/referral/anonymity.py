"""k-anonymity: which figures may be told without telling of single referrals. Pure rules, no I/O.

A figure stands for at least K referrals, so whoever is one of them is one of K. What that is and is not is in
docs/privacy.md.
"""

from collections.abc import Mapping
from typing import Final

K: Final = 5
"""The smallest number of referrals that a figure may rest on."""

OTHER: Final = "other"


def enough(count: int) -> bool:
    """Whether so many referrals may be told of."""
    return count >= K


def merge_rare(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts by code, with the rare ones in `other`; empty when there are too few of all together.

    Each count that is left is of K at least. Should `other` come out too small, the smallest of the rest joins it:
    else it were known from the whole.
    """
    kept = {code: count for code, count in counts.items() if code != OTHER and enough(count)}
    rest = sum(counts.values()) - sum(kept.values())
    while 0 < rest < K and kept:
        smallest = min(kept, key=lambda code: (kept[code], code))
        rest += kept.pop(smallest)
    if enough(rest):
        kept[OTHER] = rest
    return dict(sorted(kept.items(), key=lambda item: (-item[1], item[0])))
