"""A device that makes passkeys and answers with them: rightly, or wrongly where a test wants that."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

from cbor2 import dumps
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

_PRESENT, _VERIFIED, _NEW = 0x01, 0x04, 0x40


@dataclass
class Device:
    """`origin` and `host` are those of the page that it believes to be asked by; `verifies` that it knows its owner."""

    origin: str = "http://localhost:8000"
    host: str = "localhost"
    verifies: bool = True
    count: int = 0
    user_handle: str | None = None
    credential: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: dict[str, Any], **changes: Any) -> str:
        """What `navigator.credentials.create` gives for these options, as the page's script sends it."""
        self.user_handle = options["user"]["id"]
        attestation = {"fmt": "none", "attStmt": {}, "authData": self._data(new=True)}
        response = {
            "clientDataJSON": self._client_data("webauthn.create", changes.get("challenge", options["challenge"])),
            "attestationObject": bytes_to_base64url(dumps(attestation)),
            "transports": ["internal", "unheard-of"],
        }
        return self._answer(response)

    def use(self, options: dict[str, Any], **changes: Any) -> str:
        """The same of `navigator.credentials.get`."""
        self.count += 1
        data = self._data(new=False)
        client_data = self._client_data("webauthn.get", changes.get("challenge", options["challenge"]))
        signed = data + hashlib.sha256(base64url_to_bytes(client_data)).digest()
        response = {
            "clientDataJSON": client_data,
            "authenticatorData": bytes_to_base64url(data),
            "signature": bytes_to_base64url(self.key.sign(signed, ec.ECDSA(SHA256()))),
            "userHandle": changes.get("user_handle", self.user_handle),
        }
        return self._answer(response)

    def _data(self, *, new: bool) -> bytes:
        flags = _PRESENT | (_VERIFIED if self.verifies else 0) | (_NEW if new else 0)
        data = hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")
        if not new:
            return data
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        return data + bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + dumps(public)

    def _client_data(self, kind: str, challenge: str) -> str:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return bytes_to_base64url(json.dumps(said).encode())

    def _answer(self, response: dict[str, Any]) -> str:
        name = bytes_to_base64url(self.credential)
        whole = {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}
        return json.dumps(whole)
