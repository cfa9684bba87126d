"""Certificates of a test's own: an authority, and what it signs for servers and clients on this machine."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_PEM = serialization.Encoding.PEM
HERE = ("127.0.0.1", "127.0.0.2")


class Authority:
    """Signs certificates; `file` holds its own."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        own = self._signed(self._name, self._key.public_key(), timedelta(days=1), ca=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(own.public_bytes(_PEM))
        self._file_name = name

    def _signed(
        self,
        name: x509.Name,
        key: ec.EllipticCurvePublicKey,
        ends_in: timedelta,
        *,
        ca: bool = False,
        addresses: tuple[str, ...] = (),
        hosts: tuple[str, ...] = (),
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.now(UTC) - timedelta(days=2))
            .not_valid_after(datetime.now(UTC) + ends_in)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        names: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(each)) for each in addresses]
        names += [x509.DNSName(each) for each in hosts]
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def certificate(
        self,
        name: str,
        *,
        ends_in: timedelta = timedelta(days=1),
        addresses: tuple[str, ...] = HERE,
        hosts: tuple[str, ...] = (),
    ) -> Path:
        """A file with a certificate for these addresses and hosts, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signed = self._signed(subject, key.public_key(), ends_in, addresses=addresses, hosts=hosts)
        private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path = self._folder / f"{self._file_name}-{name}.pem"
        path.write_bytes(signed.public_bytes(_PEM) + private)
        return path


def server_context(certificate: Path, clients_of: Path | None = None) -> ssl.SSLContext:
    """How a server encrypts that shows that certificate; to clients of an authority only, where one is named."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    if clients_of:
        context.load_verify_locations(clients_of)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
