"""The steps that CONTRIBUTING.md names for a change are enough, and each that is left out turns the named test red."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs_reader import ROOT, read, section, tracked

GENERATORS = ("luotsi.docs_tools.lifecycle", "luotsi.docs_tools.asyncapi", "tests.events.golden")


@dataclass(frozen=True)
class Step:
    """One step of a recipe: what changes in a file, and the test that fails without it.

    A change is a text that stands in the file once, and what takes its place; an empty one stands for the file's end.
    A file without changes is written by `make docs`.
    """

    recipe: str
    file: str
    test: str
    changes: tuple[tuple[str, str], ...] = ()


def after(line: str, added: str) -> tuple[str, str]:
    """The change that adds something behind a line, or a part of one."""
    return line, line + added


def _words(language: str, title: str, body: str) -> Step:
    """The step that gives the notice its words in one language, at the end of the file."""
    entries = (("title", f"{title} {{reference}}"), ("body", f"{body} {{service}}."))
    new = "".join(f'\n#, python-brace-format\nmsgid "reopened.{key}"\nmsgstr "{text}"\n' for key, text in entries)
    file = f"services/notifications/locales/{language}.po"
    return Step(NOTICE, file, "test_every_notice_can_be_worded", (("", new),))


COMMAND, EVENT, NOTICE, ROUTE = "A command on a referral", "An event", "A notice", "A route"
DESK, ADVISERS = "desk, assigned member", "source adviser, first adviser"
STEPS = (
    Step(
        COMMAND,
        "tests/contract.py",
        "test_the_table_has_the_commands_of_the_contract",
        (
            after('    "accept": {"requested": "accepted"},\n', '    "reopen": {"rejected": "requested"},\n'),
            after('    "accept": "accepted",\n', '    "reopen": "reopened",\n'),
            after('    "source": {"send", ', '"reopen", '),
        ),
    ),
    Step(
        COMMAND,
        "services/referral/domain/lifecycle.py",
        "test_the_table_has_the_commands_of_the_contract",
        (
            after(
                "LIFECYCLE: Final[dict[str, Rule]] = {\n",
                '    "reopen": Rule(frozenset({Status.REJECTED}), Status.REQUESTED, _SOURCE, "reopened"),\n',
            ),
        ),
    ),
    Step(COMMAND, "docs/lifecycle.md", "test_the_lifecycle_page_is_that_of_the_code"),
    Step(
        EVENT,
        "shared/events/referral.py",
        "test_every_event_of_a_referral_is_decided",
        (after('    "forwarded",\n', '    "reopened",\n'),),
    ),
    Step(
        EVENT,
        "services/notifications/domain/audience.py",
        "test_every_event_of_a_referral_is_decided",
        (
            after(
                '    "referral.forwarded.v1": _always(_SOURCE_AND_FIRST),\n',
                '    "referral.reopened.v1": _always(TARGET_SIDE),\n',
            ),
        ),
    ),
    Step(
        EVENT,
        "docs/notifications.md",
        "test_the_table_is_the_code_s_own",
        (
            after(
                f"| `referral.forwarded.v1` | {ADVISERS} | {ADVISERS} | {ADVISERS} |\n",
                f"| `referral.reopened.v1` | {DESK} | {DESK} | {DESK} |\n",
            ),
        ),
    ),
    Step(
        EVENT,
        "docs/events.md",
        "test_page_of_events_names_every_type_stream_and_attribute",
        (
            after(
                "|---|---|\n| `referral.created.v1` | a draft was begun |\n",
                "| `referral.reopened.v1` | asked once more |\n",
            ),
        ),
    ),
    Step(EVENT, "tests/events/golden/types.json", "test_golden_file_is_up_to_date"),
    Step(EVENT, "docs/asyncapi.yaml", "test_asyncapi_document_is_what_the_code_says"),
    _words("fi", "Kysytty uudelleen:", "Palvelu:"),
    _words("sv", "Frågat på nytt:", "Tjänst:"),
    _words("en", "Asked once more:", "Service:"),
    Step(
        NOTICE,
        "tests/faults/checks/expectations.py",
        "test_the_rig_expects_notices_of_what_leads_to_notices",
        (('("sent", "due_soon", ', '("sent", "reopened", "due_soon", '),),
    ),
    Step(
        ROUTE,
        "services/notifications/api/notices.py",
        "test_every_route_is_listed",
        (
            after(
                'router = Router(tags=["notices"])\n',
                '\n\n@router.get("/channels", operation_id="listChannels", summary="How notices travel")\n'
                'async def list_channels(actor: ActorOf) -> list[str]:\n    return ["inbox", "email"]\n',
            ),
        ),
    ),
    Step(
        ROUTE,
        "docs/http.md",
        "test_every_route_is_listed",
        (after("| GET | `/deliveries` | ", "members | x |\n| GET | `/channels` | "),),
    ),
)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.file)
def test_the_page_names_each_step_and_its_test(step: Step) -> None:
    recipe = section(read("CONTRIBUTING.md"), f"### {step.recipe}")
    assert f"`{step.file}`" in recipe
    assert f"`{step.test}`" in recipe or not step.changes


@pytest.mark.parametrize("recipe", [COMMAND, EVENT, NOTICE, ROUTE, "A channel", "A service"])
def test_a_recipe_has_six_steps_at_most_and_names_only_what_exists(recipe: str) -> None:
    written = section(read("CONTRIBUTING.md"), f"### {recipe}")
    assert 2 <= len(re.findall(r"^\d\. ", written, re.M)) <= 6
    tests = "".join(
        (ROOT / name).read_text(encoding="utf-8") for name in tracked() if re.search(r"/test_\w+\.py$", name)
    )
    for name in re.findall(r"`(test_\w+)`", written):
        assert f"def {name}(" in tests, name


class Copy:
    """The project in a folder of its own, with every step taken."""

    def __init__(self, root: Path) -> None:
        self._root = root
        for name in tracked():
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
        for step in STEPS:
            self._write(step, self._changed(step))
        for module in GENERATORS:
            subprocess.run([sys.executable, "-m", module], cwd=root, check=True)
        self._taken = {step.file: (root / step.file).read_text(encoding="utf-8") for step in STEPS}

    def _changed(self, step: Step) -> str:
        text = read(step.file)
        for old, new in step.changes:
            assert not old or text.count(old) == 1, f"{step.file} has {text.count(old)} times: {old}"
            text = text.replace(old, new) if old else text + new
        return text

    def _write(self, step: Step, text: str) -> None:
        (self._root / step.file).write_text(text, encoding="utf-8")

    def passes(self, *tests: str) -> bool:
        """Whether all of the named tests pass."""
        quiet = ["-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "--no-header"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *quiet, *self._files(tests), "-k", " or ".join(tests)],
            cwd=self._root,
            capture_output=True,
            text=True,
            check=False,
        )
        print(done.stdout[-3000:])
        assert " passed" in done.stdout or " failed" in done.stdout, done.stdout + done.stderr
        return done.returncode == 0

    def _files(self, tests: tuple[str, ...]) -> list[str]:
        """The files in which the named tests stand."""
        pattern = re.compile(rf"^(?:async )?def (?:{'|'.join(tests)})\(", re.M)
        return [name for name in tracked() if re.search(r"/test_\w+\.py$", name) and pattern.search(read(name))]

    def passes_without(self, step: Step) -> bool:
        """Whether the test of a step passes when all steps but this one were taken."""
        self._write(step, read(step.file))
        try:
            return self.passes(step.test)
        finally:
            self._write(step, self._taken[step.file])


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy of the project in which every step was taken."""
    return Copy(tmp_path_factory.mktemp("contributing"))


@pytest.mark.journey
def test_the_steps_together_are_enough(copy: Copy) -> None:
    assert copy.passes(*dict.fromkeys(step.test for step in STEPS))


@pytest.mark.journey
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.file)
def test_a_step_that_is_left_out_is_missed(copy: Copy, step: Step) -> None:
    assert not copy.passes_without(step)
