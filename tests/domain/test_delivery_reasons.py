"""Why mail fails, in one of a few words: as a mail server and its library say it."""

import pytest

from services.notifications.domain.failures import REASONS, reason_of


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("550 no such user", "refused"),
        ("SMTPDataError: (450, 'come back later')", "later"),
        ("SMTPRecipientRefused: (452, 'full', 'desk@kuopio.example')", "later"),
        ("SMTPAuthenticationError: (535, 'no')", "login"),
        ("SMTPSenderRefused: (530, 'authentication required', 'luotsi@localhost')", "login"),
        ("SSLCertVerificationError: ('certificate verify failed',)", "encryption"),
        ("SMTPException: SMTP STARTTLS extension not supported by server.", "encryption"),
        ("SMTPConnectTimeoutError: timed out", "timeout"),
        ("TimeoutError: no answer within 100 seconds", "timeout"),
        ("SMTPConnectError: Error connecting to mail.example", "connection"),
        ("SMTPServerDisconnected: gone", "connection"),
        ("gaierror: [Errno -2] Name or service not known", "connection"),
        ("FileNotFoundError: mail", "other"),
        ("", "other"),
        (None, "other"),
    ],
)
def test_a_failure_has_one_of_a_few_reasons(error: str | None, reason: str) -> None:
    assert reason_of(error) == reason
    assert reason in REASONS
