"""The drill: a platform of real processes is lost and comes back, as an operator would do it. The times are printed."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from luotsi.platform.data_dir import temporary_data
from luotsi.platform.process_specs import free_port_base
from tests.journeys.running import ADVISER, DESK, Running, eventually

pytestmark = pytest.mark.journey


class Drill:
    """An operator: a data directory, a place for backups, an identity, and the command line."""

    def __init__(self, root: Path, data: Path) -> None:
        self.data = data
        self.root = root
        self.target = root / "backups"
        self.target.mkdir()
        self.identity = root / "identity.txt"
        self.environment = {"BACKUP_TARGET": str(self.target)}
        public = self.luotsi("backup", "identity", str(self.identity)).strip().partition("=")[2]
        self.environment["BACKUP_RECIPIENTS"] = public

    def luotsi(self, *arguments: str, code: int = 0) -> str:
        """Run a command; returns what it says."""
        done = subprocess.run(
            [sys.executable, "-m", "luotsi", *arguments],
            env={**os.environ, **self.environment, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def on_data(self, *arguments: str, code: int = 0) -> str:
        """The same, on the data directory."""
        return self.luotsi(*arguments, "--data", str(self.data), code=code)


@pytest.fixture
def drill(tmp_path: Path) -> Iterator[Drill]:
    """A machine with nothing on it."""
    with temporary_data() as data:
        yield Drill(tmp_path, data)


def mails(data: Path) -> int:
    """How many mails were ever sent."""
    return len(list((data / "mail").glob("*.eml")))


@dataclass
class Lived:
    """A referral that was there at the backup, one whose client was erased after it, a later one; and the mail sent."""

    kept: str
    erased: str
    later: str
    mails: int


def live(drill: Drill, base: int) -> Lived:
    """Refer, have a backup made, and go on; at the end the platform stops."""
    with Running(drill.data, base, drill.environment) as platform:
        platform.ready()
        kept, gone = platform.refer(), platform.refer()
        eventually((drill.target / "backups").is_dir, "the first backup, made by itself")
        drill.on_data("backup", "make")
        with platform.client("referral", ADVISER) as adviser:
            reference = adviser.get(f"/referrals/{gone}").json()["reference"]
        drill.on_data("client", "erase", reference, "--yes", "--end-open")
        later = platform.refer()
        time.sleep(2)  # mail leaves a moment after its notice
        drill.on_data("backup", "ledger")
        drill.on_data("backup", "keys", str(drill.root / "keys.age"))
        refused = drill.on_data("restore", "all", "--identity", str(drill.identity), code=1)
        assert "is in use by a running platform" in refused
        lived = Lived(kept, gone, later, mails(drill.data))
        platform.process.terminate()
        platform.end()
    return lived


def restore_all(drill: Drill) -> None:
    """The commands of a total loss."""
    said = drill.on_data("restore", "all", "--identity", str(drill.identity), code=1)
    assert "first `luotsi restore keys FILE" in said
    drill.on_data("restore", "keys", str(drill.root / "keys.age"), "--identity", str(drill.identity))
    said = drill.on_data("restore", "all", "--identity", str(drill.identity))
    assert "1 erased" in said


def look(drill: Drill, lived: Lived, platform: Running) -> None:
    """What is restored is right, nobody is told twice, and it goes on."""
    with platform.client("referral", ADVISER) as adviser:
        assert adviser.get(f"/referrals/{lived.kept}").json()["status"] == "requested"
        assert adviser.get(f"/referrals/{lived.later}").status_code == 404
        erased = adviser.get(f"/referrals/{lived.erased}").json()
        assert erased["status"] == "cancelled"
        assert not (erased["client"] or {}).get("name")
    time.sleep(3)
    assert mails(drill.data) == lived.mails, "no mail is sent twice"
    assert platform.refer(), "and it goes on"


def test_total_loss_and_one_database_lost(drill: Drill, capsys: pytest.CaptureFixture[str]) -> None:
    base = free_port_base()
    lived = live(drill, base)
    shutil.copytree(drill.data / "mail", drill.root / "mail")  # what was sent is in the recipients' hands
    wipe(drill.data)
    begun = time.monotonic()
    restore_all(drill)
    restored = time.monotonic() - begun
    shutil.copytree(drill.root / "mail", drill.data / "mail")
    with Running(drill.data, base, drill.environment) as platform:
        platform.ready()
        at_work = time.monotonic() - begun
        look(drill, lived, platform)
        platform.process.terminate()
        platform.end()
    begun = time.monotonic()
    drill.on_data("restore", "one", "notifications", "--identity", str(drill.identity), "--replace")
    one = time.monotonic() - begun
    with Running(drill.data, base, drill.environment) as platform:
        platform.ready()
        with platform.client("notifications", DESK) as desk:
            told = eventually(lambda: desk.get("/notices").json()["contents"], "the notices of the desk")
        assert lived.kept in {notice["referral_id"] for notice in told}
    with capsys.disabled():
        print(f"\ntotal loss: restored in {restored:.1f} s, at work after {at_work:.1f} s; one database: {one:.1f} s")


def wipe(data: Path) -> None:
    """Lose the disk."""
    database = data / "postgres"
    if database.is_symlink():
        shutil.rmtree(database.readlink())
    for path in data.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    assert not list(data.iterdir())
