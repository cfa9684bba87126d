"""Codes that people type: out of a mail, out of an authenticator app, and those kept for the day the phone is lost."""

import hmac
import unicodedata
from datetime import datetime
from typing import Final

import pyotp

MAIL_CODE_DIGITS: Final = 8
RECOVERY_CODES: Final = 10
_RECOVERY_LETTERS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Without i, l, o and u, which are read as others"""
_RECOVERY_LENGTH: Final = 12
_READ_AS: Final = str.maketrans({"i": "1", "l": "1", "o": "0"})
_STEPS_OFF: Final = (0, -1, 1)
"""The phone's clock, or the person's fingers, may be half a minute off"""


def digits_of(typed: str) -> str:
    """The digits of what was typed, however grouped; in whichever script they were typed."""
    return "".join(str(unicodedata.digit(letter)) for letter in typed if unicodedata.digit(letter, None) is not None)


def mail_code(number: int) -> str:
    """A random number as the code in a mail: `1234 5678`."""
    digits = f"{number % 10**MAIL_CODE_DIGITS:0{MAIL_CODE_DIGITS}d}"
    return f"{digits[:4]} {digits[4:]}"


def recovery_code(random: bytes) -> str:
    """Twelve random bytes as a recovery code: `k7mq-2xpa-9vdt`."""
    letters = "".join(_RECOVERY_LETTERS[byte % 32] for byte in random[:_RECOVERY_LENGTH])
    return "-".join(letters[at : at + 4] for at in range(0, _RECOVERY_LENGTH, 4))


def bare_recovery_code(typed: str) -> str:
    """What two ways of typing one recovery code have in common."""
    plain = unicodedata.normalize("NFKC", typed).casefold()
    return "".join(letter for letter in plain if letter.isalnum()).translate(_READ_AS)


def accepted_step(secret: str, typed: str, moment: datetime, last_step: int) -> int | None:
    """The time step whose code was typed, None for a wrong code, and for one of a step that was accepted before.

    So a code that somebody looked at over a shoulder opens nothing once it was used, nor does an older one.
    """
    totp = pyotp.TOTP(secret)
    code, now = digits_of(typed), int(totp.timecode(moment))
    for step in (now + off for off in _STEPS_OFF):
        if step > last_step and hmac.compare_digest(totp.generate_otp(step), code):
            return step
    return None


def enrolment_address(secret: str, account: str, issuer: str) -> str:
    """The address that an authenticator app reads out of the picture (otpauth://)."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def grouped(secret: str) -> str:
    """A secret to be typed, in groups of four."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
