"""What the README tells a newcomer to type does what it says, on a platform of its own."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest

from luotsi.platform.data_dir import temporary_data
from luotsi.platform.process_specs import free_port_base
from tests.docs_reader import read, section
from tests.journeys.running import Running

pytestmark = pytest.mark.journey


def blocks(platform: Running) -> list[str]:
    """The commands of the README's first section, as they are typed, for this platform's ports and data."""
    typed = re.findall(r"^```sh\n(.*?)^```", section(read("README.md"), "## Try it"), re.M | re.S)
    luotsi = f"{shlex.quote(sys.executable)} -m luotsi token --data {shlex.quote(str(platform.data))}"
    ports = {f":{8000 + offset}": f":{platform.base + offset}" for offset in (1, 2, 3)}
    return [
        re.sub(r":800[123]", lambda port: ports[port[0]], block).replace(".venv/bin/luotsi token", luotsi)
        for block in typed
    ]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README's examples are for curl, and there is none here")
def test_the_walk_through_works_as_it_is_typed() -> None:
    with temporary_data() as data, Running(data, free_port_base()) as platform:
        platform.ready().refer()  # by now every copy of the catalogue is there
        refer, answer, look_back = blocks(platform)
        waiting = (
            f'for _ in $(seq 300); do TOLD=$({look_back}); [[ "$TOLD" == *accepted.v1* ]] && break; sleep 0.1; done'
        )
        script = f'{refer}\necho %%%\n{refer}\necho %%%\n{answer}\necho %%%\n{waiting}\necho "$TOLD"'
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    first, again, answered, told = done.stdout.split("%%%\n")
    assert "201 Created" in first
    assert re.findall(r"^location: .*$", first, re.M) == re.findall(r"^location: .*$", again, re.M) != []
    seen, accepted = re.split(r'etag: "3-[0-9a-f]{16}"', answered)
    assert re.search(r"KUO-\w{4}-\w{2}", seen)
    assert '"client":null' in accepted
    assert accepted.index('"client":null') < accepted.index('"name":"Test Person"')
    assert '"status":"accepted"' in accepted
    for event in ("referral.first_viewed.v1", "referral.accepted.v1", "referral.sent.v1"):
        assert event in told, told
