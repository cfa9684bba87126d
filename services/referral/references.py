"""The reference of a referral: short, easy to say on the phone, and safe against a slip.

`KUO-7F3K-92`: five characters by chance and one check character, out of thirty that are not easily confused.
The check is ISO/IEC 7064's hybrid system over thirty characters; 31 is a prime, so every single wrong
character and every swap of two neighbours is noticed.
"""

import secrets

from stdnum.iso7064 import mod_37_36

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_CHARACTERS = 5


def new_reference() -> str:
    """A reference by chance, one of 24.3 million; the database decides whether it is free."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(_RANDOM_CHARACTERS))
    return _shown(body + mod_37_36.calc_check_digit(body, ALPHABET))


def parse_reference(text: str) -> str | None:
    """`text` as it should be written, or None when it is no reference. Case, spaces and hyphens don't matter."""
    plain = "".join(character for character in text.upper() if character.isalnum())
    body = plain.removeprefix("KUO")
    if len(body) != _RANDOM_CHARACTERS + 1 or any(character not in ALPHABET for character in body):
        return None
    return _shown(body) if mod_37_36.is_valid(body, ALPHABET) else None


def _shown(body: str) -> str:
    return f"KUO-{body[:4]}-{body[4:]}"
