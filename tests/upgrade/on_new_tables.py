"""A plugin of pytest for the tests of the former version: whenever they migrate, this version's migrations are run.

It is loaded by name before that version's code; `NEW_TREE` says where this version lies.
"""

import os
import subprocess
import sys

from shared.database import migrations  # of the former version

_ASKED = "import sys; from shared.database.migrations import upgrade; upgrade(sys.argv[1], sys.argv[2], sys.argv[3])"


def _upgrade(service: str, owner_url: str, role: str | None = None) -> list[object]:
    tree = os.environ["NEW_TREE"]
    command = [sys.executable, "-c", _ASKED, service, owner_url, role or service]
    subprocess.run(command, cwd=tree, env={**os.environ, "PYTHONPATH": tree}, check=True)
    return []


setattr(migrations, "upgrade", _upgrade)  # noqa: B010  whatever it returns
