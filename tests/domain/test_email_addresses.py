"""E-mail addresses: cleaned when pasted, one form for one address, and none that no mail can be composed to."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.values.email_addresses import clean_address, same_address

PASTED = [
    "desk@example.org",
    " desk@example.org\n",
    "desk@EXAMPLE.org",
    "mailto:desk@example.org",
    "MAILTO:desk@example.org?subject=hello",
    "mailto:desk%40example.org",
    "desk@example.org.",
    "desk@example.org,",
    "<desk@example.org>",
    "The desk <desk@example.org>",
    '"Desk, the" <desk@example.org>;',
    "de\u200bsk@example.org",
    "\u202adesk@example.org\u202c",
    "desk@exam\u00adple.org",
    "desk@ｅxample.org",
    "\ufeffdesk@example.org\u00a0",
    "mailto://desk@example.org",
    "desk\uff20example\uff0eorg",
    "\uff44\uff45\uff53\uff4b@example.org",
    "(desk@example.org)",
    "[desk@example.org]",
    "\u201cdesk@example.org\u201d",
    "desk@example.org!",
    "The desk (desk@example.org)",
    "desk@example.org (the desk)",
    "[the desk](mailto:desk@example.org)",
    "desk@example.org<mailto:desk@example.org>",
    "E-mail: desk@example.org",
    "Sähköposti: desk@example.org",
]

NONE = [
    "",
    "nowhere",
    "a@b",
    "=?utf-8?q?a?=@example.org",
    "=?utf-8?b?YQ==?=@example.org",
    "a(c)@example.org",
    "somebody a@example.org b@example.org",
    "a..b@example.org",
    ".a@example.org",
    "a.@example.org",
    "a@example..org",
    "a@-example.org",
    "a@example.org-",
    "a b@example.org",
    "a@b@example.org",
    "a@exam_ple.org",
    "a@[192.0.2.1]",
    '"a b"@example.org',
    "a@example.org, b@example.org",
    "a\nBcc: b@example.org",
    "päivystys@example.org",
    "отдел@example.org",
    "a" * 65 + "@example.org",
    "a@" + "b" * 64 + ".org",
    "a@" + "b.cd" * 70 + ".org",
    "a@localhost",
    "a@mail.local",
    "a@nowhere.invalid",
    "x" * 5000,
]


@pytest.mark.parametrize("pasted", PASTED)
def test_what_comes_along_with_an_address_goes_away(pasted: str) -> None:
    assert clean_address(pasted) == "desk@example.org"


@pytest.mark.parametrize("text", NONE)
def test_what_no_mail_can_be_written_to_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as (desk|paivystys)@example\.org") as refusal:
        clean_address(text)
    assert not text or text not in str(refusal.value), "what was typed is not repeated"


def test_a_domain_in_other_letters_has_one_form() -> None:
    assert clean_address("a@bücher.example") == clean_address("a@XN--BCHER-KVA.example") == "a@xn--bcher-kva.example"


def test_capitals_make_no_other_address_and_are_kept() -> None:
    assert clean_address("First.Last@Example.ORG") == "First.Last@example.org"
    assert same_address("First.Last@Example.ORG") == same_address("first.last@example.org.")


def test_of_what_is_no_address_the_plain_form_is_compared() -> None:
    assert same_address(" Old..One@example.org\u200b") == "old..one@example.org"


local_parts = st.text("abcXYZ019.!#$%&'*+-/=?^_`{|}~ä\u200b\"\\ ()", min_size=1, max_size=70)
domains = st.text("abcz09-.äß\u00ad", min_size=1, max_size=70)


@given(local_parts, domains)
def test_every_address_that_is_taken_can_be_composed_to(local: str, domain: str) -> None:
    try:
        address = clean_address(f"{local}@{domain}.fi")
    except ValueError:
        return
    message = EmailMessage(policy=SMTP)
    message["To"] = Address("", addr_spec=address)
    assert address.isascii()
    assert message["To"].addresses[0].addr_spec == address
    assert clean_address(address) == address
