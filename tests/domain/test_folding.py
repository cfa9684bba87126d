"""Spellings of one word come out alike, and different words don't: for clients' names and the catalogue's search."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.values.folding import fold, name_key, name_keys, words

SAME = [
    ("Łódź", "lodz"),
    ("Đặng Văn Đức", "dang van duc"),
    ("Øyvind Ærø", "oyvind aero"),
    ("Þóra Guðrún", "thora gudrun"),
    ("Weiß", "WEISS"),
    ("Ħamrun Ŧ", "hamrun t"),
    ("Sámi Ŋ ǥ ʒ", "sami n g z"),
    ("Ɗan Ƙasa Ɓello", "dan kasa bello"),
    ("Əliyev", "Eliyev"),
    ("Şehnaz Ţurcanu", "Șehnaz Țurcanu"),
    ("Ääri Öljy Åbo", "aari oljy abo"),
    ("José-María", "jose maria"),
    ("Ｙａｍａｄａ", "yamada"),
    ("ﬁnn", "Finn"),
    ("Łukasz", "\u0141ukasz"),
    ("Zoe\u0308", "Zo\u00eb"),
    ("Андрей", "АНДРЕИ"),
    ("Ёлкина", "Елкина"),
    ("Οδυσσεύς", "ΟΔΥΣΣΕΥΣ"),
    ("علی", "علي"),
    ("کریم", "كريم"),
    ("مُحَمَّد", "محمد"),
    ("محـــمد", "محمد"),
    ("أحمد", "احمد"),
    ("فاطمة", "فاطمه"),
    ("آمنه", "امنه"),
    ("علی\u200cرضا", "علیرضا"),
    ("שָׂרָה", "שרה"),
    ("Ma\u00adri\u200b", "Mari"),
    ("٢٠٢٦", "2026"),
    ("ھاوار", "هاوار"),
    ("فاطمۃ", "فاطمة"),
    ("മോഹൻ", "മോഹന്\u200d"),
    ("ৎ", "ত্\u200d"),
]

OTHER = [
    ("सीता", "सिता"),
    ("राम", "रम"),
    ("কমল", "কমলা"),
    ("மலர்", "மலார்"),
    ("สมชาย", "สมชัย"),
    ("かき", "がき"),
    ("Aino", "Aina"),
    ("Virta", "Virtanen"),
    ("Наталия", "Наталья"),
    ("سعید", "سعد"),
    ("Li Na", "Li Nan"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_word_are_one(one: str, other: str) -> None:
    assert words(one) == words(other) != []


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_other_words_stay_others(one: str, other: str) -> None:
    assert words(one) != words(other)
    assert name_key(one) not in name_keys(other)


def test_the_turkish_i_is_one_letter() -> None:
    assert {fold(name) for name in ("Işık", "ISIK", "IŞIK", "Isik", "ışık", "İşik", "işİk")} == {"isik"}


@pytest.mark.parametrize("apostrophe", ["'", "\u2019", "\u2018", "\u02bc", "\u02bb", "`", "\u00b4", "\u2032", ""])
def test_apostrophes_are_no_difference(apostrophe: str) -> None:
    assert name_key(f"O{apostrophe}Brien") == "obrien"


@pytest.mark.parametrize(
    "written",
    [
        "Anna-Liisa Mäki",
        "Annaliisa Mäki",
        "Anna Liisa Mäki",
        "anna\u2010liisa MAKI",
        "Mäki, Anna-Liisa",
        "Mäki Annaliisa",
    ],
)
@pytest.mark.parametrize("kept", ["Anna-Liisa Mäki", "Annaliisa Mäki", "Anna Liisa Mäki", "Mäki Anna Liisa"])
def test_a_double_name_is_found_in_one_word_or_two_and_in_either_order(written: str, kept: str) -> None:
    assert name_key(kept) in name_keys(written)


def test_a_name_of_many_words_is_found_with_the_family_name_first() -> None:
    assert name_key("Maria del Carmen García López") in name_keys("García López Maria del Carmen")
    assert len(name_keys(" ".join("abcdefghij"))) == 10, "not every order of many words"


def test_words_are_letters_and_digits() -> None:
    assert words("Työllisyys-PALVELU, 24/7 (Åbo)!") == ["tyollisyys", "palvelu", "24", "7", "abo"]
    assert words("a_b  'c'") == ["a", "b", "c"]
    assert words(" - \u0301\u200b ") == []
    assert name_keys("-") == []


@given(st.text(max_size=60))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert words(" ".join(words(text))) == words(text)


@given(st.text(max_size=60))
def test_capitals_are_no_difference(text: str) -> None:
    assert words(text.casefold()) == words(text)
