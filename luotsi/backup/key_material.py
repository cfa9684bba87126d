"""The platform's keys and passwords, in a sealed file of their own: together with a backup they are the data."""

import io
import json
import os
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from luotsi.backup import sealing
from luotsi.platform.env_file import EnvFile
from luotsi.platform.process import PlatformError

_OF_DATA: Final = ("secrets.json", "keys/signing.json", "keys/jwks.json")
_ENV: Final = ".env"


@dataclass(frozen=True)
class KeyMaterial:
    """Files by name: `.env`, or those of a data directory."""

    files: dict[str, bytes]
    variables: dict[str, str]

    def write_sealed(self, path: Path, for_whom: Sequence[Any]) -> None:
        """Seal them into a new file."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for name, content in self.files.items():
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(content), 0o600
                tar.addfile(entry, io.BytesIO(content))
        sealed = sealing.seal_bytes(archive.getvalue(), for_whom)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())

    def put_back(self, env: Path | None, data: Path) -> list[Path]:
        """Write them where they belong; returns the paths. PlatformError where one is there already: none is lost."""
        if (env is None) != (_ENV not in self.files):
            raise PlatformError("this is the file of a compose deployment: say --env" if env is None else _NO_ENV)
        paths = {name: env if env is not None else data / name for name in self.files}
        if there := [str(path) for path in paths.values() if path.exists()]:
            raise PlatformError(f"{', '.join(there)} exists already: set it aside first")
        for name, path in paths.items():
            path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
            mode = 0o644 if name.endswith("jwks.json") else 0o600
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(self.files[name])
        return list(paths.values())


_NO_ENV: Final = "this is the file of a data directory: say --data"


def read_keys(env: Path | None, data: Path) -> KeyMaterial:
    """What there is of them. PlatformError when there is none."""
    if env is not None:
        return KeyMaterial({_ENV: env.read_bytes()}, EnvFile(env).values)
    files = {name: (data / name).read_bytes() for name in _OF_DATA if (data / name).is_file()}
    if "secrets.json" not in files:
        raise PlatformError(f"no platform has run in {data}; name a .env with --env")
    return KeyMaterial(files, {name.upper(): str(value) for name, value in json.loads(files["secrets.json"]).items()})


def open_keys(path: Path, keys: Sequence[Any]) -> KeyMaterial:
    """What `write_sealed` wrote. PlatformError for what does not open."""
    try:
        plain = sealing.open_bytes(path.read_bytes(), keys)
        with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
            files = {entry.name: tar.extractfile(entry).read() for entry in tar if entry.isfile()}  # type: ignore[union-attr]
    except (sealing.Damaged, tarfile.TarError):
        raise PlatformError(f"{path} is damaged: take another copy of it") from None
    if not files or not files.keys() <= {_ENV, *_OF_DATA}:
        raise PlatformError(f"{path} holds no keys of a platform")
    return KeyMaterial(files, {})
