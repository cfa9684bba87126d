"""What an API says is wrong, in the person's language: every problem and every message about a field has its words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.portal import texts
from services.portal.clients.api import ApiProblem
from services.portal.pages.forms import Form
from services.portal.pages.problem_texts import _translated, detail_of, message_of
from shared import problems
from tests.docs_reader import problem_names

ROOT = Path(__file__).parents[2]
_FOLDERS = ("services/catalog/domain", "services/catalog/schemas", "services/referral/schemas", "shared/values")
_OPERATORS = ("seed_file.py", "lookalikes.py")
"""What the operator alone is told"""


def _said(node: ast.expr) -> str | None:
    """A text of the code, with `7` in the place of each value that it is formatted with."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr) and "_EXAMPLE" not in ast.unparse(node):  # which have tests of their own
        return "".join(str(part.value) if isinstance(part, ast.Constant) else _example(part) for part in node.values)
    return None


def _example(part: ast.expr) -> str:
    """What may stand there, where not just anything does."""
    source = ast.unparse(part)
    known = {
        "what": "language tag (BCP 47); give one such as fi, ar or zh-Hant",
        "meant_is": "something",
    }
    return next((example for name, example in known.items() if name in source), "7")


def _messages_about_fields() -> Iterator[tuple[str, str]]:
    for folder in _FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            if file.name in _OPERATORS:
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                called = node.func if isinstance(node, ast.Call) else None
                if isinstance(called, ast.Name) and called.id in ("ValueError", "RuleBroken"):
                    assert isinstance(node, ast.Call)
                    text = _said(node.args[0])
                    if text is not None:
                        yield file.name, text


def test_every_message_about_a_field_has_its_words() -> None:
    found = list(_messages_about_fields())
    assert len(found) > 40, "the search finds too little"
    assert [each for each in found if _translated(each[1], "fi") is None] == []


def test_every_word_of_the_framework_has_its_words() -> None:
    said = {re.sub(r"\{\w+\}", "7", message) for message in problems._OWN_WORDS.values()}
    assert [message for message in said if _translated(message, "fi") is None] == []


def test_every_problem_has_its_words() -> None:
    for language in texts.LANGUAGES:
        known = texts.messages("problems", language)
        lacking = [name for name in sorted(problem_names()) if f"problems.{name}.title" not in known]
        assert lacking == []
        assert [name for name in sorted(problem_names()) if f"problems.{name}.text" not in known] == []


def test_every_text_about_problems_is_about_one_that_there_is() -> None:
    own = {"other-site", "form-outdated"}
    keys = texts.messages("problems", "fi")
    named = {match[1] for key in keys if (match := re.fullmatch(r"problems\.([a-z-]+)\.(?:title|text)", key))}
    assert named == problem_names() | own


@pytest.mark.parametrize(
    ("said", "language", "shown"),
    [
        ("must have 200 characters or fewer", "fi", "Liian pitkä: enintään 200 merkkiä."),
        ("must have 200 characters or fewer", "en", "must have 200 characters or fewer"),
        ("choose at least one", "fi", "Valitse vähintään yksi."),
        ("choose at least one", "sv", "Välj minst en."),
        ("give one of 'routine' or 'urgent'", "sv", "Välj ett av alternativen: 'routine' or 'urgent'."),
        (
            "is no e-mail address; give one such as desk@example.org",
            "fi",
            "Tämä ei ole sähköpostiosoite. Kirjoita se muodossa desk@example.org.",
        ),
        (
            "is no telephone number; give one such as 040 123 4567, or +46 70 123 45 67 for one abroad",
            "fi",
            "Tämä ei ole puhelinnumero. Kirjoita se esimerkiksi 040 123 4567, ulkomaan numero +46 70 123 45 67.",
        ),
        ("words of a newer API", "fi", "Tätä ei voitu hyväksyä. Tarkista, mitä kirjoitit."),
    ],
)
def test_a_person_is_told_in_their_language(said: str, language: str, shown: str) -> None:
    assert message_of("invalid", said, language) == shown


def test_a_form_takes_what_an_api_says_to_its_fields() -> None:
    form = Form("fi", {"client.email": ["not an address"]})
    errors = [{"field": "client.email", "message": "is no e-mail address; give one such as desk@example.org"}]
    form.take(ApiProblem(422, "invalid", "", "Correct the fields named under `errors`.", errors=errors))
    assert form.error("client.email") == "Tämä ei ole sähköpostiosoite. Kirjoita se muodossa desk@example.org."
    assert form.value("client.email") == "not an address"


def test_a_form_takes_a_problem_without_fields_as_a_whole() -> None:
    form = Form("sv")
    form.take(ApiProblem(409, "slug-taken", "", "The slug x is taken. Choose another."))
    assert [(error.field, error.message) for error in form.errors] == [("", "Välj ett annat kortnamn.")]
    detail = "Only a draft can be changed; this referral was sent."
    assert detail_of(ApiProblem(409, "conflict", "", detail), "fi").startswith("Vain luonnosta")
