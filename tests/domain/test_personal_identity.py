"""Personal identity codes are recognised however they are written, and nothing else is."""

import json
import logging

import pytest

from shared.personal_identity import contains_code, redact
from shared.telemetry import JsonLines

# 131052-308T is the population register's own published specimen; the others follow its check rule.
CODES = [
    "131052-308T",
    "131052+308T",
    "131052A308T",
    "131052Y308T",
    "131052U308T",
    "131052F308T",
    "131052a308t",
    "131052\N{EN DASH}308T",
    "131052\N{MINUS SIGN}308T",
    "131052\N{NON-BREAKING HYPHEN}308T",
    "131052 - 308T",
    "".join(chr(ord(character) + 0xFEE0) for character in "131052") + "-308T",  # full-width digits
]


def temporary_code() -> str:
    """A valid code of the temporary range (900-999), checked by nine digits modulo 31."""
    return "010190-900" + "0123456789ABCDEFHJKLMNPRSTUVWXY"[10190900 % 31]


@pytest.mark.parametrize("code", [*CODES, temporary_code()])
@pytest.mark.parametrize("frame", ["{}", "hetu {}.", "({})", "a\n{}\nb", "tunnus:{};", "hän/{}/"])
def test_codes_are_found_anywhere_in_a_text(code: str, frame: str) -> None:
    assert contains_code(frame.format(code))
    redacted = redact(frame.format(code))
    assert "308" not in redacted
    assert "[personal identity code]" in redacted


@pytest.mark.parametrize("text", ["hetu131052-308T", "131052-308Thetu", "x131052-308Tx", "131052\u200b-308T"])
def test_codes_are_found_between_letters_and_invisible_characters(text: str) -> None:
    assert contains_code(text)


@pytest.mark.parametrize("text", ["00131052-308a-4000-8000-131052a3080f", "fe131052a308Tb7"])
def test_identifiers_that_happen_to_look_alike_are_left_alone(text: str) -> None:
    assert not contains_code(text)
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    ["131052-308U", "321352-308T", "2077474-0", "040 123 4567", "KUO-7F3K-92", "1131052-308T", "131052-308T1", ""],
)
def test_other_texts_are_left_alone(text: str) -> None:
    assert not contains_code(text)
    assert redact(text) == text


def test_a_log_line_never_holds_a_code() -> None:
    record = logging.LogRecord("test", logging.INFO, "x.py", 1, "client %s called", ("131052-308T",), None)
    line = json.loads(JsonLines("referral").format(record))
    assert line["message"] == "client [personal identity code] called"


def test_a_logged_error_tells_its_place_and_not_its_text() -> None:
    try:
        raise ValueError("said by somebody")
    except ValueError as error:
        record = logging.LogRecord("test", logging.ERROR, "x.py", 1, "failed", (), (ValueError, error, None))
    formatted = JsonLines("referral").format(record)
    assert "ValueError" in formatted
    assert "said by somebody" not in formatted
