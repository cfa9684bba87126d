"""The former version runs on this version's tables: its own tests say so, on databases that this version has migrated.

`tests/upgrade/former.toml` names it; what is run is its tree out of git, beside this one and not mixed with it.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from tests.upgrade.former import ROOT, former, put_tree

CORE = (
    "tests/flows/test_referral_story.py",
    "tests/flows/test_referral_withdrawal.py",
    "tests/flows/test_catalog_services.py",
    "tests/flows/test_notifications_mail.py",
    "tests/flows/test_idempotency.py",
    "tests/portal/test_sign_in_mail.py",
)
"""What people do from end to end: refer, answer, withdraw, describe services, be told, sign in."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The former version, with the plugin beside it."""
    folder = tmp_path_factory.mktemp("former")
    put_tree(folder / "tree")
    (folder / "plugins").mkdir()
    shutil.copy(ROOT / "tests" / "upgrade" / "on_new_tables.py", folder / "plugins")
    return folder / "tree"


def run_former(tree: Path, *arguments: str, new_tree: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run tests of the former version, in an environment that knows nothing of this run."""
    left_out = ("PYTEST", "COVERAGE", "COV_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    environment |= {"PYTHONPATH": f"{tree}:{tree.parent / 'plugins'}", "NEW_TREE": str(new_tree)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "on_new_tables", "-p", "no:cacheprovider", "-x", *arguments]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def test_the_former_version_s_own_tests_pass_on_the_new_tables(tree: Path) -> None:
    chosen = [name for name in CORE if (tree / name).is_file()]
    assert len(chosen) >= len(CORE) - 1, "tests that were moved are named here by their new place"
    done = run_former(tree, *chosen)
    assert done.returncode == 0, f"version {former()['version']} does not run on these tables:\n{done.stdout[-6000:]}"
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None, done.stdout
    assert int(passed[1]) > 30


def test_what_breaks_the_former_version_is_seen(tree: Path, tmp_path: Path) -> None:
    """A migration that renames what it uses: its tests have to fail, or they prove nothing."""
    new = tmp_path / "new"
    shutil.copytree(ROOT / "shared", new / "shared")
    shutil.copytree(ROOT / "services", new / "services")
    shutil.copy(ROOT / "pyproject.toml", new)
    versions = new / "services" / "referral" / "migrations" / "versions"
    newest = max(path.name.partition("_")[0] for path in versions.glob("[0-9]*.py"))
    (versions / f"{int(newest) + 1:04}_renamed.py").write_text(
        f'"""Rename."""\nfrom alembic import op\nrevision = "{int(newest) + 1:04}"\ndown_revision = "{newest}"\n'
        'def upgrade():\n    op.alter_column("referrals", "urgency", new_column_name="hurry")\n'
    )
    done = run_former(tree, CORE[0], new_tree=new)
    assert done.returncode == 1, done.stdout[-3000:]
    assert asyncpg.UndefinedColumnError.__name__ in done.stdout
