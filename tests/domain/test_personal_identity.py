"""Personal identity codes are recognised however they are written, and nothing else is."""

import json
import logging
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.personal_identity import WHEN_IT_IS_NONE, contains_code, contains_code_in_telephone, redact
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


def test_what_the_message_advises_is_taken() -> None:
    assert not contains_code(WHEN_IT_IS_NONE)


GUISES = [
    "010190900P",
    "010190 900P",
    "010190  -  900P",
    "010190-900 P",
    "010190 900 p",
    "010190/900P",
    "010190_900P",
    "010190.900P",
    "010190=900P",
    "010190\n900P",
    "010190\u00a0900P",
    "010190\u2043900P",
    "010190\u00b7900P",
    "010190\u2796900P",
    "010190\u30fc900P",
    "010190\u00ad-\u00ad900P",
    "01.01.90-900P",
    "01.01.90 900P",
    "01/01/90-900P",
    "1.1.90-900P",
    "1.1.1990 - 900P",
    "01.01.1990-900P",
    "01011990-900P",
    "1990-01-01-900P",
    "19900101 900P",
    "01 01 90 - 900P",
    "01-01-90-900P",
    "010 190 900P",
    "0 1 0 1 9 0 - 9 0 0 P",
    "0.1.0.1.9.0.9.0.0.P",
    "010190-900\u0420",  # Cyrillic
    "010190-900\u0440",
    "010190-900\u03a1",  # Greek
    "010190-900\uff30",  # full-width
    "010190-900\U0001d40f",  # mathematical
    "010190-900\u1d18",  # a small capital
    "010190-900\u1e54",  # with an accent
    "010190-900P\u0301",
    "010190-900\ua4d1",  # Lisu
    "010190U900P",
    "010190u900p",
    "010190 U 900 P",
    "o10190-9o0P",
    "0l0l90-900P",
    "\u0660\u0661\u0660\u0661\u0669\u0660-\u0669\u0660\u0660P",  # Arabic-Indic
    "\u06f0\u06f1\u06f0\u06f1\u06f9\u06f0-\u06f9\u06f0\u06f0P",
    "\u0966\u0967\u0966\u0967\u096f\u0966-\u096f\u0966\u0966P",  # Devanagari
    "\u2070\u00b9\u2070\u00b9\u2079\u2070-900P",
    "\U0001d7ce\U0001d7cf\U0001d7ce\U0001d7cf\U0001d7d7\U0001d7ce-900P",
    "0\ufe0f\u20e31\ufe0f\u20e30190-900P",  # keycaps
    "\u200b".join("010190-900P"),
    "\u202e010190\u202c-900P",
    "010112\u0410900K",
    "010112\u0391900K",
    "010112 900K",
    "010190" + " " * 14 + "900P",  # one space is kept of it
    "010190 . . . . . . . 900P",
    "010190\u0640900P",  # the stretching of an Arabic word
    "010190\u02c9900P",
    "\u041e1\u041e19\u041e-9\u041e\u041e\u0420",  # letters for zeros
    "\u041e\u04c0\u041e\u04c090-900P",
    "\u30071\u3007190-900P",
    "010190-900\U0001f17f",  # in a square
    "010190%2D900P",
    "010190%20%E2%80%93%20900P",
    "%30%31%30%31%39%30-900P",
    "010190&#45;900P",
    "010190&nbsp;&ndash;&nbsp;900P",
]


@pytest.mark.parametrize("code", GUISES, ids=ascii)
@pytest.mark.parametrize("frame", ["{}", "hetu {}.", "({})", "asiakas {} tulee huomenna", "hetu:{}", "Äiti {}; isä"])
def test_codes_are_found_in_any_guise(code: str, frame: str) -> None:
    assert contains_code(frame.format(code))
    redacted = redact(frame.format(code))
    assert "[personal identity code]" in redacted
    assert not contains_code(redacted)
    assert len(redacted) <= len(frame.format("[personal identity code]")) + 2


@pytest.mark.parametrize("text", ["hetu010190900P", "hetu010190U900P"])
def test_codes_are_found_behind_a_word(text: str) -> None:
    assert contains_code(text)


NOT_A_CODE = [
    "040123-4007",
    "050512-1130",
    "0401234007",
    "puh. 050770-7205",
    "soita 050 770 7205",
    "+358 40 123 4007",
    "0207999904",
    "301126-1015",
    "011126-0915",
    "261130-1015",
    "30.11.26 1015",
    "30.11.2026 10:15",
    "30.11.2026 klo 10.15",
    "20261130T1015",
    "3.6.26 619 e",
    "1.10.1941 1471 e",
    "25.02.1974 9084 euroa",
    "08.11.2023 6564 \u20ac",
    "100%20%2B 50%",
    "2077474-0",
    "FI21 1234 5600 0007 85",
    "12345 67890 12345",
    "70100 KUOPIO",
    "010190-901P",
    "310290-900P",
    "010190-001R",
    "3f010190900Pa7",
]


@pytest.mark.parametrize("text", NOT_A_CODE)
def test_numbers_of_other_kinds_are_left_alone(text: str) -> None:
    assert not contains_code(text)
    assert redact(text) == text


@pytest.mark.parametrize(
    "text", ["hetu 040123-4007", "henkilötunnus: 011126-0915", "Personbeteckning 0401234007", "hetu 1.10.1941 1471 e"]
)
def test_a_word_for_the_code_decides(text: str) -> None:
    assert contains_code(text)


CHECKS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
births = st.dates(date(1932, 1, 1), date(2026, 10, 31))
separators = st.sampled_from(["", " ", "  -  ", "-", "\u2013", "\u2043", "\u00ad-", "/", " . ", "\u2212", "\u30fb"])


def written(birth: date, number: int, sign: str | None = None) -> tuple[str, str, str, str]:
    """Date, sign, number and check character of a code."""
    day = f"{birth:%d%m%y}"
    signs = "A" if birth.year >= 2000 else "-"
    return day, sign or signs, f"{number:03}", CHECKS[int(f"{day}{number:03}") % 31]


@given(births, st.integers(2, 999), st.data())
def test_every_code_is_found_as_it_is_meant_to_be_written(birth: date, number: int, data: st.DataObject) -> None:
    sign = data.draw(st.sampled_from("ABCDEF" if birth.year >= 2000 else "-YXWVU"))
    code = "".join(written(birth, number, sign))
    digits = data.draw(st.sampled_from(["0123456789", "\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669"]))
    guised = code.translate({ord(str(value)): digit for value, digit in enumerate(digits)})
    between = data.draw(st.sampled_from(["", "\u200b", "\u00ad", "\u2060"]))
    assert contains_code(f"asiakas {between.join(guised)} tuli")


@given(births, st.integers(2, 999), separators, st.sampled_from(["", ".", " ", "-", "/"]))
def test_a_code_that_ends_in_a_letter_is_found_with_any_separators(
    birth: date, number: int, between: str, within: str
) -> None:
    day, _, digits, check = written(birth, number)
    if check.isdigit():
        return
    parted = within.join([day[:2], day[2:4], day[4:]])
    near = abs(birth.year - datetime.now(UTC).year) <= 5 and within and "-" not in between
    assert contains_code(f"asiakas {parted}{between}{digits}{check} tuli") or near


finnish_prefixes = st.sampled_from(["040", "041", "044", "045", "046", "050", "010", "020", "029", "030"])


@example("040", 1234007)
@example("050", 5121130)
@given(finnish_prefixes, st.integers(0, 9_999_999))
def test_a_telephone_number_is_no_code_where_one_belongs(prefix: str, number: int) -> None:
    digits = f"{prefix}{number:07}"
    for number_as in (digits, f"{digits[:6]}-{digits[6:]}", f"{digits[:3]} {digits[3:6]} {digits[6:]}"):
        assert not contains_code_in_telephone(number_as)


@given(finnish_prefixes, st.integers(0, 9_999_999))
def test_a_telephone_number_as_one_writes_it_is_no_code_in_a_text(prefix: str, number: int) -> None:
    digits = f"{prefix}{number:07}"
    for number_as in (digits, f"{digits[:3]} {digits[3:6]} {digits[6:]}", f"{digits[:3]}-{digits[3:]}"):
        assert not contains_code(f"asiakas, {number_as}, aamuisin")
    assert not contains_code(f"puh. {digits[:6]}-{digits[6:]}")


@given(
    st.integers(0, 5 * 365 * 24 * 60), st.sampled_from(["%d%m%y-%H%M", "%y%m%d-%H%M", "%d.%m.%y %H%M", "%d%m%y %H%M"])
)
def test_a_day_and_time_of_these_years_is_no_code(minutes: int, form: str) -> None:
    moment = datetime(datetime.now(UTC).year - 3, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    assert not contains_code(f"tapaaminen {moment.strftime(form)}, toinen kerros")


def test_a_code_in_the_field_of_a_telephone_number_is_one() -> None:
    assert contains_code_in_telephone("010190-900P")
    assert contains_code_in_telephone("131052-3081") == contains_code("131052-3081")
