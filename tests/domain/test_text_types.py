"""Texts in requests: none that is empty to the eye, none that does what is not seen; pasted text is cleaned."""

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.values.characters import holdable
from shared.values.texts import Line, Name, Prose

TYPES: dict[str, TypeAdapter[str]] = {"name": TypeAdapter(Name), "line": TypeAdapter(Line), "prose": TypeAdapter(Prose)}

UNSEEN = [
    "",
    " \t\n ",
    "\u00a0\u2003\u3000",
    "\u200b",
    "\u200b \u200c\u200d\u2060\ufeff",
    "\u2800",
    "\u00ad",
    "\u034f",
    "\u061c\u200e\u200f",
    "\u115f\u1160",
    "\u3164",
    "\uffa0",
    "\u17b4\u17b5",
    "\u180e\u180b",
    "\ufe0e\ufe0f",
    "\U000e0001\U000e0041\U000e007f",
    "\U000e0100",
    "\u202e\u202c",
    "\u2066\u2069",
    "\u0301",
    " \u0301\u0308",
    "\u0947",
    "\u20e3",
    "\u00b4",
    "\u00a8",
    "\u02c7",
    "\u02bc",
    "\ufffc",
    "\ufffd",
    "\U0001d173",
    "\U0001d159",
    "\u2028\u2029",
]


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("text", UNSEEN, ids=ascii)
def test_text_that_is_empty_to_the_eye_is_none(kind: str, text: str) -> None:
    with pytest.raises(ValidationError, match="empty to the eye"):
        TYPES[kind].validate_python(text)


@pytest.mark.parametrize("text", ["...", "?", "-", "👍", "'"])
def test_a_name_has_letters_or_digits(text: str) -> None:
    with pytest.raises(ValidationError, match="letters or digits"):
        TYPES["name"].validate_python(text)
    assert TYPES["line"].validate_python(text) == TYPES["prose"].validate_python(text) == text


def test_what_is_newer_than_python_is_text_too() -> None:
    assert TYPES["prose"].validate_python("\U0001fbfa") == "\U0001fbfa"
    assert TYPES["name"].validate_python("\U00033470") == "\U00033470"
    for code in ("\U0001ffff", "\U0002ffff"):
        with pytest.raises(ValidationError):
            TYPES["prose"].validate_python(code)


KEPT = [
    "Anna-Liisa Mäki",
    "O\u2019Brien",
    "24/7",
    "علی\u200cرضا",
    "क्\u200dष",
    "ന\u0d4d\u200d",
    "葛\U000e0100城",
    "שָׂרָה",
    "สมชาย",
    "李娜",
]


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("text", KEPT)
def test_names_of_any_script_stay_as_they_are(kind: str, text: str) -> None:
    assert TYPES[kind].validate_python(text) == text


@pytest.mark.parametrize(
    ("kind", "pasted", "kept"),
    [
        ("name", "\u202eAnna\u202c", "Anna"),
        ("name", "\u2068Anna\u2069 \u200fB", "Anna B"),
        ("name", "Ma\u200dri\u200c", "Mari"),
        ("name", "Anna\u00a0\u2003 B", "Anna B"),
        ("name", "\ufeffAn\u00adna\u200b", "Anna"),
        ("name", "e\u0301", "\u00e9"),
        ("name", "\u0301Anna", "Anna"),
        ("name", "Anna\ufe0f", "Anna"),
        ("name", "\u2800Anna\u2800B", "Anna B"),
        ("name", " Anna\r\n", "Anna"),
        ("line", "a \u202e b", "a b"),
        ("prose", "one\r\ntwo\rthree\u2028four\x0bfive\x0csix\x85seven", "one\ntwo\nthree\nfour\nfive\nsix\nseven"),
        ("prose", "a\tb\u202ec\u2067d", "a\tbcd"),
        ("prose", "\u200fשלום 24", "\u200fשלום 24"),
        ("prose", "hi\U000e0048\U000e0049", "hi"),
        ("prose", "❤\ufe0f 👩\u200d👧 1\ufe0f\u20e3", "❤\ufe0f 👩\u200d👧 1\ufe0f\u20e3"),
    ],
)
def test_what_is_not_seen_goes_away_in_silence(kind: str, pasted: str, kept: str) -> None:
    assert TYPES[kind].validate_python(pasted) == kept


def test_what_was_kept_once_can_be_put_into_any_document() -> None:
    assert holdable("a\x0bb\x00\ud800\tc\n\r\uffff") == "a\ufffdb\ufffd\ufffd\tc\n\r\ufffd"


@pytest.mark.parametrize("kind", ["name", "line"])
@pytest.mark.parametrize(
    "text", ["a\nb", "a\rb", "a\tb", "a\x0bb", "a\x0cb", "a\x85b", "a\u2028b", "a\u2029b"], ids=ascii
)
def test_what_stands_in_one_line_has_no_breaks(kind: str, text: str) -> None:
    with pytest.raises(ValidationError, match="in one line"):
        TYPES[kind].validate_python(text)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(
    "character", ["\x00", "\x01", "\x08", "\x1b", "\x7f", "\x80", "\x9f", "\ufffe", "\uffff", "\ufdd0"]
)
def test_what_no_document_can_hold_is_refused(kind: str, character: str) -> None:
    with pytest.raises(ValidationError, match="control character"):
        TYPES[kind].validate_python(f"a{character}b")


@pytest.mark.parametrize(("kind", "longest"), [("name", 200), ("line", 200), ("prose", 4000)])
def test_a_text_is_as_long_as_what_is_kept_of_it(kind: str, longest: int) -> None:
    assert TYPES[kind].validate_python("\u200b" + "x" * longest + "\u200b ") == "x" * longest
    with pytest.raises(ValidationError, match=f"shorten it to {longest} characters"):
        TYPES[kind].validate_python("x" * (longest + 1))
    assert TYPES[kind].json_schema() == {"type": "string", "minLength": 1, "maxLength": longest}


def kept_of(kind: str, text: str) -> Any:
    try:
        return TYPES[kind].validate_python(text)
    except ValidationError:
        return None


odd = st.text(
    st.sampled_from("ab \n\t\u200b\u200c\u200d\u202e\u2066\u2800\u0301\u0947क\u06cc\x0b\x00\ufffe\ufe0f❤\u3164")
    | st.characters(),
    max_size=30,
)


@pytest.mark.parametrize("kind", TYPES)
@given(text=odd)
def test_what_was_taken_is_taken_again_and_any_document_holds_it(kind: str, text: str) -> None:
    kept = kept_of(kind, text)
    if kept is None:
        return
    assert TYPES[kind].validate_python(kept) == kept
    assert not set(kept) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\x00\x0b")
    element = ElementTree.Element("text")
    element.text = kept
    assert ElementTree.fromstring(ElementTree.tostring(element, "utf-8")).text == kept
    assert json.loads(json.dumps(kept)) == kept
