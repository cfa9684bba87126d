"""Encryption on the way to the mail server: whom it trusts, what it shows of itself, and why it failed, in words."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_OF_CERTIFICATES: Final = {
    9: "the mail server's certificate is not valid yet",
    10: "the mail server's certificate has expired",
    18: "the mail server's certificate is signed by nobody else: name it, or its authority, in SMTP_CA_FILE",
    19: "nobody here trusts the authority that signed the mail server's certificate: name it in SMTP_CA_FILE",
    20: "nobody here trusts the authority that signed the mail server's certificate: name it in SMTP_CA_FILE",
    21: "the mail server sends no certificate of the authority that signed its own: name it in SMTP_CA_FILE",
    62: "the mail server's certificate is for another name than SMTP_URL has",
    64: "the mail server's certificate is for another address than SMTP_URL has",
}
"""OpenSSL's number of what is wrong with a certificate (X509_V_ERR_…), in words"""


def tls_context(authority: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """What connections are encrypted by. `authority` is trusted in place of the machine's own ones.

    `certificate` is shown to a server that asks for one; it lies in that file with its key, or the key in `key`. Raises
    ValueError, which names the setting and no content, for a file that is of no use.
    """
    try:
        context = ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"SMTP_CA_FILE is no readable file of certificates (PEM): {_why(error)}") from None
    # Authorities of organisations often lack what newer versions of Python ask of those for everybody.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if certificate is not None:
        try:
            context.load_cert_chain(certificate, key, password="")
        except (OSError, ssl.SSLError, ValueError) as error:
            raise ValueError(
                f"SMTP_CERTIFICATE_FILE and SMTP_KEY_FILE are no readable certificate and its key (PEM): {_why(error)}"
            ) from None
    elif key is not None:
        raise ValueError("SMTP_KEY_FILE is the key of a certificate: set SMTP_CERTIFICATE_FILE too")
    return context


def fault_of(error: BaseException) -> str | None:
    """Why encryption failed, in words without any address; None where `error` is about something else."""
    for each in _chain(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            unusual = f"the mail server's certificate is refused here ({each.verify_message})"
            return _OF_CERTIFICATES.get(each.verify_code, unusual)
        if isinstance(each, ssl.SSLError):
            return f"the mail server and this machine did not agree on how ({_why(each)})"
        if "STARTTLS" in str(each) and "not supported" in str(each):
            return "the mail server does not offer it (STARTTLS), and mail leaves for another machine"
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "unknown").replace("_", " ").lower()
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
