"""The reference of a referral: short, easy to say on the phone, and safe against a slip.

`KUO-7F3K-92`: five characters by chance and one check character, out of thirty that are not easily confused.
`KUO-7F3K-P9A`: one character more, once many are in use. Shorter ones stay as they are, and are found as before.
The check is ISO/IEC 7064's hybrid system over thirty characters. It notices every single wrong character, and all but
about one in a hundred swaps of two neighbours; a reference with such a swap is never given out, so all of them are.
Nor is a longer one that becomes a valid shorter one where a character is left out.
"""

import re
import secrets
from collections.abc import Callable
from itertools import pairwise
from typing import Final

from stdnum.iso7064 import mod_37_36

from shared.values.lookalikes import looks_of

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_SHORT, _LONGER = 5, 6
"""Characters by chance"""

LONGER_FROM: Final = 500_000
"""Referrals from which on new references are longer: one in fifty of the short ones is then another referral's."""


def new_reference(choice: Callable[[str], str] = secrets.choice, *, longer: bool = False) -> str:
    """A reference by chance, one of 24 million, or one of 569 million longer ones.

    The database decides whether it is free.
    """
    while True:
        body = "".join(choice(ALPHABET) for _ in range(_LONGER if longer else _SHORT))
        checked = body + mod_37_36.calc_check_digit(body, ALPHABET)
        if not _hides_a_swap(checked) and not (longer and _hides_an_omission(checked)):
            return _shown(checked)


def parse_reference(text: str) -> str | None:
    """`text` as it should be written, or None when it is no reference, as after a slip.

    Case, spaces, dashes and other signs between don't matter, nor letters of other scripts that look the same, nor a
    zero in the `KUO`. Elsewhere a zero is none: nothing says which character was meant.
    """
    plain = re.sub("[-+ ]", "", looks_of(text).plain)
    body = re.sub("^KU[O0]", "", plain)
    if len(body) not in (_SHORT + 1, _LONGER + 1) or any(character not in ALPHABET for character in body):
        return None
    return _shown(body) if mod_37_36.is_valid(body, ALPHABET) else None


def _hides_a_swap(checked: str) -> bool:
    """Whether two different neighbours, swapped, make another valid reference."""
    return any(
        left != right and mod_37_36.is_valid(f"{checked[:place]}{right}{left}{checked[place + 2 :]}", ALPHABET)
        for place, (left, right) in enumerate(pairwise(checked))
    )


def _hides_an_omission(checked: str) -> bool:
    """Whether it is valid with one character left out."""
    shorter = (checked[:place] + checked[place + 1 :] for place in range(len(checked)))
    return any(mod_37_36.is_valid(each, ALPHABET) for each in shorter)


def _shown(body: str) -> str:
    return f"KUO-{body[:4]}-{body[4:]}"
