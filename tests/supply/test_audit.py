"""What is known against the pins: pip-audit itself, asking a server that answers as OSV does."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from supply.audit import ACCEPTED, ROOT, Accepted, Known, judge, read_accepted

PINS = "alpha==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\nbeta-b==2.0 \\\n    --hash=sha256:" + "1" * 64 + "\n"
WEAK = {
    "id": "GHSA-aaaa-bbbb-cccc",
    "aliases": ["CVE-2026-1"],
    "summary": "It leaks.",
    "affected": [
        {
            "package": {"name": "beta-b", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1"}]}],
        }
    ],
}


class Osv(BaseHTTPRequestHandler):
    """Knows of one weakness, in beta-b."""

    status = 200

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps({"vulns": [WEAK]} if asked["package"]["name"] == "beta-b" else {}).encode()
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
        """Nothing of it into the tests' output."""


class Ill(Osv):
    """Has fallen over."""

    status = 503


@pytest.fixture
def osv(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of such a server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), getattr(request, "param", Osv))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"
    server.shutdown()
    server.server_close()
    thread.join()


def audit(folder: Path, source: str, accepted: str = "[]", pins: str = PINS) -> subprocess.CompletedProcess[str]:
    (folder / "pins.txt").write_text(pins)
    (folder / "accepted.yaml").write_text(accepted)
    command = [sys.executable, "-m", "supply.audit", "--source", source, "--accepted", str(folder / "accepted.yaml")]
    return subprocess.run([*command, str(folder / "pins.txt")], cwd=ROOT, capture_output=True, text=True, check=False)


def acceptance(until: str, identity: str = "CVE-2026-1") -> str:
    return (
        f"- {{id: {identity}, package: Beta_B, decided: 2026-01-01, until: {until},"
        " why: we never hand it what somebody else has sent}"
    )


def test_what_is_known_and_not_accepted_fails_and_says_what_mends_it(tmp_path: Path, osv: str) -> None:
    done = audit(tmp_path, osv)
    assert done.returncode == 1
    assert done.stdout == "NOT ACCEPTED  beta-b 2.0: CVE-2026-1, GHSA-aaaa-bbbb-cccc, mended in 2.1\n"
    assert "make pins UPGRADE=--upgrade" in done.stderr


@pytest.mark.parametrize("identity", ["CVE-2026-1", "GHSA-aaaa-bbbb-cccc"])
def test_what_was_accepted_passes_by_any_of_its_names_and_is_shown(tmp_path: Path, osv: str, identity: str) -> None:
    done = audit(tmp_path, osv, acceptance("2199-01-01", identity))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("accepted      beta-b 2.0: ")
    assert "we never hand it" in done.stdout


def test_an_acceptance_runs_out(tmp_path: Path, osv: str) -> None:
    done = audit(tmp_path, osv, acceptance("2026-01-02"))
    assert done.returncode == 1
    assert done.stdout.startswith("RAN OUT       beta-b 2.0: ")


def test_pins_of_which_nothing_is_known_pass(tmp_path: Path, osv: str) -> None:
    done = audit(tmp_path, osv, pins=PINS.partition("beta")[0])
    assert (done.returncode, done.stdout) == (0, "nothing is known against the pins of 1 files\n")


@pytest.mark.parametrize("osv", [Ill], indirect=True)
def test_a_source_that_has_fallen_over_was_not_asked(tmp_path: Path, osv: str) -> None:
    done = audit(tmp_path, osv)
    assert done.returncode == 0
    assert done.stdout.startswith(f"NOT CHECKED: {osv} cannot be reached")


def test_a_source_that_cannot_be_reached_is_said_and_no_failure(tmp_path: Path) -> None:
    done = audit(tmp_path, "http://127.0.0.1:9/v1/query")
    assert done.returncode == 0
    assert done.stdout.startswith("NOT CHECKED: http://127.0.0.1:9/v1/query cannot be reached")


def test_pins_that_cannot_be_read_are_a_failure_and_not_a_source_that_is_away(tmp_path: Path, osv: str) -> None:
    done = audit(tmp_path, osv, pins="alpha==1.0\n")
    assert done.returncode == 1
    assert "pip-audit failed" in done.stderr


@pytest.mark.parametrize(
    "written",
    [
        "- {id: CVE-2026-1}",
        acceptance("some day"),
        "- {",
        acceptance("2026-01-02").replace("never hand", "")[:70] + "}",
    ],
)
def test_an_acceptance_without_date_or_reason_is_refused(tmp_path: Path, written: str) -> None:
    done = audit(tmp_path, "http://127.0.0.1:9/v1/query", written)
    assert done.returncode == 1
    assert done.stderr.startswith(str(tmp_path / "accepted.yaml"))


def test_what_is_accepted_and_known_of_nothing_is_to_be_taken_out() -> None:
    left = Accepted(id="CVE-1", package="x", decided=date(2026, 1, 1), until=date(2026, 1, 2), why="a" * 20)
    known = Known("beta-b", "2.0", frozenset({"CVE-1"}), ())
    assert judge([], [left], date(2026, 1, 1)) == (
        ["needless      CVE-1 of x is accepted and known of no pin: take it out"],
        True,
    )
    assert judge([known], [left], date(2026, 1, 1))[1] is False, "it is accepted for another package"


def test_the_file_of_the_project_is_as_it_has_to_be() -> None:
    for one in read_accepted(ACCEPTED):
        assert one.decided < one.until
