"""Headers that are parsed once are those of the standard library, and no mail has a part in another one's."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from shared.mail.headers import MAIL_POLICY

_HEADERS = {
    "From": "Kuopion kaupunki, Luotsi <luotsi@kuopio.example>",
    "To": "desk@business.example",
    "Subject": "Lähete LTS-2345, jonka aihe on pidempi kuin yksi rivi, ja siinä on ääkkösiä: työ, yritys, äidinkieli",
    "Date": datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
    "Message-ID": "<0190-1@luotsi.example>",
    "References": " ".join(f"<0190-{number}@luotsi.example>" for number in range(9)),
    "Content-Language": "fi, sv, en",
}


def written(policy: object, text: str = "Hyvää päivää\n", charset: str = "utf-8") -> bytes:
    message = EmailMessage(policy=policy)  # type: ignore[arg-type]
    for name, value in _HEADERS.items():
        message[name] = value
    message.set_content(text, cte="quoted-printable", charset=charset)
    return message.as_bytes()


def test_a_mail_is_as_the_standard_library_writes_it() -> None:
    assert written(MAIL_POLICY) == written(SMTP)
    assert written(MAIL_POLICY) == written(SMTP), "the second time, when all headers are known"


def test_a_parameter_that_one_mail_adds_is_in_no_other() -> None:
    latin = written(MAIL_POLICY, charset="iso-8859-1")
    assert b'charset="iso-8859-1"' in latin
    assert written(MAIL_POLICY) == written(SMTP)


@pytest.mark.parametrize("name", ["Subject", "X-Anything"])
def test_a_header_in_a_header_is_refused(name: str) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="linefeed"):
            EmailMessage(policy=MAIL_POLICY)[name] = "one\r\nBcc: another@business.example"


def test_an_equal_header_is_parsed_once() -> None:
    one, other = (EmailMessage(policy=MAIL_POLICY) for _ in range(2))
    for message in (one, other):
        message["To"] = "desk@business.example"
    assert one["To"] is other["To"]
