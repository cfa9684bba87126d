"""The platform's signing key (ES256) and the key set that services verify access tokens with."""

import json
from pathlib import Path

from joserfc.jwk import ECKey

from luotsi.platform.data_dir import write_private


def ensure_keys(folder: Path) -> tuple[Path, Path]:
    """Make `signing.json` (private JWK, 0600) and `jwks.json` (public set, 0644) unless they are there.

    Returns both paths. The key's id is its RFC 7638 thumbprint.
    """
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    signing, public = folder / "signing.json", folder / "jwks.json"
    if not signing.exists():
        key = ECKey.generate_key("P-256", {"alg": "ES256", "use": "sig"}, auto_kid=True)
        write_private(signing, json.dumps(key.as_dict(private=True)) + "\n")
    if not public.exists():
        key = ECKey.import_key(json.loads(signing.read_text(encoding="utf-8")))
        write_private(public, json.dumps({"keys": [key.as_dict(private=False)]}) + "\n")
        public.chmod(0o644)
    return signing, public
