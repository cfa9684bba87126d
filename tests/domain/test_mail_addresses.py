"""Addresses of mail: what can be composed is taken, everything else is refused with the reason."""

from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.addresses import in_ascii, sender_of

TAKEN = {
    "adviser@navigaattori.example": "adviser@navigaattori.example",
    "etunimi.o'suku+luotsi@kuopio.fi": "etunimi.o'suku+luotsi@kuopio.fi",
    "posti@kuopió.fi": "posti@xn--kuopi-4ta.fi",
    "luotsi@localhost": "luotsi@localhost",
    "luotsi@town.local": "luotsi@town.local",
    "luotsi@mail.test": "luotsi@mail.test",
    "a@[127.0.0.1]": "a@[127.0.0.1]",
    '"a b"@kuopio.fi': '"a b"@kuopio.fi',
}
REFUSED = [
    "",
    " ",
    "Luotsi",
    "@kuopio.fi",
    "a@",
    "a..b@kuopio.fi",
    ".a@kuopio.fi",
    "a.@kuopio.fi",
    "a..b@localhost",
    "a@kuopio..fi",
    "a@kuopio.fi.",
    "a@localhost.",
    "a@-kuopio.fi",
    "päivystys@kuopio.fi",
    "päivystys@localhost",
    "a\u200bb@kuopio.fi",
    "a@kuo\u200bpio.fi",
    "a b@kuopio.fi",
    "a@kuopio.fi\nBcc: all@kuopio.fi",
    "a\r\n@kuopio.fi",
    "a\x00@kuopio.fi",
    "a@kuopio.fi, b@kuopio.fi",
    "Desk <a@kuopio.fi>",
    "mailto:a@kuopio.fi",
    "a" * 2000 + "@kuopio.fi",
    "a@" + "b" * 64 + ".fi",
]


@pytest.mark.parametrize(("written", "taken"), TAKEN.items())
def test_an_address_that_can_be_written_to_is_taken_in_ascii(written: str, taken: str) -> None:
    assert in_ascii(written) == taken
    assert str(Address(addr_spec=taken)) == taken


@pytest.mark.parametrize("written", REFUSED)
def test_an_address_that_nobody_can_write_to_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        in_ascii(written)


@given(st.text(max_size=40).map(lambda local: f"{local}@kuopio.fi") | st.emails())
def test_what_is_taken_can_be_composed(written: str) -> None:
    try:
        taken = in_ascii(written)
    except ValueError:
        return
    message = EmailMessage(policy=policy.SMTP)
    message["To"] = Address(addr_spec=taken)
    read = message_from_bytes(message.as_bytes(), policy=policy.default)["To"].addresses
    assert [each.addr_spec for each in read] == [taken]
    assert taken.isascii()


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("luotsi@kuopio.fi", "Luotsi", "luotsi@kuopio.fi"),
        (" <luotsi@kuopio.fi> ", "Luotsi", "luotsi@kuopio.fi"),
        ("Kuopion kaupunki, Luotsi <luotsi@kuopio.fi>", "Kuopion kaupunki, Luotsi", "luotsi@kuopio.fi"),
        ('"Kuopion kaupunki, Luotsi" <luotsi@kuopio.fi>', "Kuopion kaupunki, Luotsi", "luotsi@kuopio.fi"),
        (r'"The \"Luotsi\"" <luotsi@kuopio.fi>', 'The "Luotsi"', "luotsi@kuopio.fi"),
        ("Luotsi (Kuopio); älä vastaa <luotsi@kuopió.fi>", "Luotsi (Kuopio); älä vastaa", "luotsi@xn--kuopi-4ta.fi"),
        ("Dr. Luotsi: A/B @ Kuopio <luotsi@localhost>", "Dr. Luotsi: A/B @ Kuopio", "luotsi@localhost"),
        ("Työllisyys- ja kotoutumispalvelut, " * 3 + "<a@kuopio.fi>", None, "a@kuopio.fi"),
    ],
)
def test_a_sender_may_have_any_name(written: str, name: str | None, address: str) -> None:
    sender = sender_of(written)
    assert sender.address == address
    assert sender.name == (name or ("Työllisyys- ja kotoutumispalvelut, " * 3).strip())


@pytest.mark.parametrize(
    "written",
    [
        *(each for each in REFUSED if not each.startswith("Desk")),
        "Luotsi luotsi@kuopio.fi",
        "Luotsi <luotsi@kuopio.fi",
        "Luotsi <>",
        "Luotsi <luotsi>",
        "Luotsi <luotsi@kuopio.fi> of Kuopio",
        "A <a@kuopio.fi>, B <b@kuopio.fi>",
        "Luotsi\u202e <luotsi@kuopio.fi>",
        "L" * 300 + " <luotsi@kuopio.fi>",
    ],
)
def test_a_sender_that_is_none_is_refused_and_told_how_to_write_it(written: str) -> None:
    with pytest.raises(ValueError, match=r"Kuopion kaupunki, Luotsi <luotsi@kuopio.fi>"):
        sender_of(written)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=220))
def test_the_header_of_a_sender_names_nobody_else(name: str) -> None:
    try:
        sender = sender_of(f"{name} <luotsi@kuopio.fi>")
    except ValueError:
        return
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = sender.header
    raw = message.as_bytes()
    assert max(map(len, raw.splitlines())) <= 998
    read = message_from_bytes(raw, policy=policy.default)
    assert list(read.keys()) == ["From"]
    assert [each.addr_spec for each in read["From"].addresses] == ["luotsi@kuopio.fi"]
