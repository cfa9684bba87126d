"""Servers whose data stays for the next run, so that one test takes a few seconds: what `pytest --keep` uses."""

import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from luotsi.embedded.servers import Servers, start_servers

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".luotsi-test"

_MADE_OF = ("services/*/migrations/**/*.py", "shared/database/*.py", "luotsi/embedded/*.py", "requirements/dev.txt")


@contextmanager
def kept_servers(folder: Path = FOLDER) -> Iterator[Servers]:
    """The two servers with the data of the last run, which one run at a time may have.

    They begin with nothing when there was no run before, when it did not end in order, or when the migrations or the
    servers' versions have changed since. Raises RuntimeError when another run has them.
    """
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711)  # the account of the database server has to get to its files
    data, ended = folder / "data", folder / "ended"
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError(f"another run uses {folder}: wait for it, or run without --keep") from None
        made_of = _fingerprint()
        if not (ended.exists() and ended.read_text() == made_of and (data / "postgres").is_dir()):
            remove(data)
        ended.unlink(missing_ok=True)
        with start_servers(data, durable=False, keep=True) as running:
            yield running
        ended.write_text(made_of)


def _fingerprint() -> str:
    """A digest of all that the databases were made by."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in _MADE_OF for path in ROOT.glob(pattern)):
        digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def remove(data: Path) -> None:
    """Delete a data directory, and the database's files where they lie outside of it."""
    database = data / "postgres"
    if database.is_symlink():  # to where the account of the database server could reach it
        shutil.rmtree(database.readlink(), ignore_errors=True)
    shutil.rmtree(data, ignore_errors=True)
