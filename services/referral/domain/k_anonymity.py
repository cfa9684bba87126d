"""k-anonymity: which figures may be shown without giving away single referrals. Pure rules, no I/O.

At least K referrals stand behind each figure that is shown. What that protects from, and what not, is in
docs/privacy.md.
"""

from collections.abc import Collection, Hashable, Mapping
from typing import Final, TypeVar

Part = TypeVar("Part", bound=Hashable)

K: Final = 5
"""The smallest number of referrals behind a figure that is shown."""


def enough(count: int) -> bool:
    """Whether a count may be shown."""
    return count >= K


def withheld(counts: Mapping[Part, int]) -> tuple[frozenset[Part], bool]:
    """Which of the parts of one whole are withheld, and whether the whole has to be.

    Even somebody who knows which parts are withheld, the whole, and this rule can calculate no withheld count.
    Too small parts come first; then the smallest others, until what is withheld is safe. Equal parts share their
    fate: so which of the withheld parts has which count makes no difference to what is shown. Parts of nothing are
    not to be given.
    """
    hidden = {part for part, count in counts.items() if not enough(count)}
    while not _safe([counts[part] for part in hidden]):
        shown = counts.keys() - hidden
        if not shown:
            return frozenset(hidden), True
        smallest = min(counts[part] for part in shown)
        hidden |= {part for part in shown if counts[part] == smallest}
    return frozenset(hidden), False


def _safe(counts: Collection[int]) -> bool:
    """Whether nobody who knows the sum of some withheld counts can work out one of them.

    One alone is the sum. Should the sum be smaller than K, it tells of too few itself. As many as there are parts
    can only be ones, and four times as many only fours, unless one of them is withheld for the others' sake.
    """
    parts, whole = len(counts), sum(counts)
    all_small = not any(map(enough, counts))
    given_away_by_sum = whole == parts or (all_small and whole == parts * (K - 1))
    return parts == 0 or (parts > 1 and enough(whole) and not given_away_by_sum)
