"""The files of the platform's signing key and of the key set that services verify access tokens with."""

from pathlib import Path

from luotsi.platform.data_dir import write_private
from shared.web import token_signing


def ensure_keys(folder: Path) -> tuple[Path, Path]:
    """Make `signing.json` (private JWK, 0600) and `jwks.json` (public set, 0644) unless they are there.

    Returns both paths.
    """
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    signing, public = folder / "signing.json", folder / "jwks.json"
    if not signing.exists():
        write_private(signing, token_signing.as_private_jwk(token_signing.new_signing_key()) + "\n")
    if not public.exists():
        key = token_signing.read_signing_key(signing)
        write_private(public, token_signing.as_key_set([token_signing.public_jwk(key)]) + "\n")
        public.chmod(0o644)
    return signing, public
