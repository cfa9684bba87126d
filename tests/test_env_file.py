"""`.env`: read as docker compose reads it, changed in place, and never given a secret that it must have had."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from luotsi.cli import app
from luotsi.commands.env import add_missing, missing, new_secrets, write_env
from luotsi.platform import new_keys
from luotsi.platform.env_file import EnvFile
from luotsi.platform.process import PlatformError
from tests.env_spellings import SPELLINGS

FIRST_VERSION = (
    *("LUOTSI_BIND", "LUOTSI_PORT", "PUBLIC_URL", "ISSUER", "ENVIRONMENT", "LOG_LEVEL", "LUOTSI_IMAGE", "SMTP_URL"),
    *(
        "MAIL_FROM",
        "CATALOG_EPOCH",
        "REFERRAL_EPOCH",
        "NOTIFICATIONS_EPOCH",
        "POSTGRES_PASSWORD",
        "CATALOG_DB_PASSWORD",
    ),
    *("REFERRAL_DB_PASSWORD", "NOTIFICATIONS_DB_PASSWORD", "CATALOG_REDIS_PASSWORD", "REFERRAL_REDIS_PASSWORD"),
    *("NOTIFICATIONS_REDIS_PASSWORD", "OPERATOR_REDIS_PASSWORD", "MASTER_KEY", "INDEX_KEY", "SIGNING_KEY_JSON"),
    "JWKS_JSON",
)
"""What version 0.1.0 wrote."""

PORTAL = {"PORTAL_DB_PASSWORD", "PORTAL_OWNER_DB_PASSWORD", "PORTAL_REDIS_PASSWORD", "PORTAL_KEY"}
LATER = {name for name in new_secrets() if name.endswith("_OWNER_DB_PASSWORD")} | {"AUDIT_KEY"} | PORTAL


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A whole file, as `luotsi env` writes it."""
    path = tmp_path / ".env"
    write_env(path)
    return path


def written(path: Path, text: str) -> EnvFile:
    path.write_bytes(text.encode())
    return EnvFile(path, {})


@pytest.mark.parametrize(("text", "read"), SPELLINGS.items())
def test_a_file_is_read_as_compose_reads_it(
    tmp_path: Path, text: str, read: tuple[str | None, str | None] | None
) -> None:
    if read is None:
        with pytest.raises(PlatformError, match=r"line 1: .*mend that line"):
            written(tmp_path / ".env", text)
        return
    values = written(tmp_path / ".env", text).values
    # A name without a value is there, and empty unless the environment has it.
    assert (values.get("MASTER_KEY") or None, values.get("OTHER") or None) == tuple(value or None for value in read)


_SHOWS_BOTH = """
services:
  shows:
    image: none
    environment:
      MASTER_KEY: "<${MASTER_KEY-UNSET}>"
      OTHER: "<${OTHER-UNSET}>"
"""


@pytest.mark.compose
@pytest.mark.parametrize(("text", "read"), SPELLINGS.items())
def test_compose_reads_it_so(tmp_path: Path, text: str, read: tuple[str | None, str | None] | None) -> None:
    (tmp_path / "env").write_bytes(text.encode())
    (tmp_path / "compose.yml").write_text(_SHOWS_BOTH)
    shown = subprocess.run(
        ["docker", "compose", "-f", "compose.yml", "--env-file", "env", "config", "--format", "json"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
    )
    if shown.returncode or read is None:
        assert (shown.returncode == 0, read) == (False, None), shown.stderr
        return
    values = json.loads(shown.stdout)["services"]["shows"]["environment"]
    plain = (values[name].replace("$$", "$")[1:-1] for name in ("MASTER_KEY", "OTHER"))
    assert tuple(None if value == "UNSET" else value for value in plain) == read


@pytest.mark.parametrize("text", [text for text, read in SPELLINGS.items() if read is not None and "\rO" not in text])
def test_what_is_changed_is_read_again_and_all_else_stays(tmp_path: Path, text: str) -> None:
    file = written(tmp_path / ".env", text)
    before = file.values
    file.write({"MASTER_KEY": "new=", "JWKS_JSON": '{"keys": "it\'s $HOME"}'})
    after = EnvFile(tmp_path / ".env", {}).values
    wanted = {"MASTER_KEY": "new=", "JWKS_JSON": '{"keys": "it\'s $HOME"}'}
    assert {name: after[name] for name in wanted} == wanted
    others = before.keys() - wanted.keys()
    assert {name: after[name] for name in others} == {name: before[name] for name in others}
    raw = (tmp_path / ".env").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") == text.startswith("\ufeff")
    assert ("\r\n" in text) == (b"\r\n" in raw)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_comments_prefixes_and_other_lines_keep_their_spelling(tmp_path: Path) -> None:
    file = written(tmp_path / ".env", "# keys\n  export MASTER_KEY = 'old' # of the town\nA=1\nINDEX_KEY=x # y\n")
    file.write({"MASTER_KEY": "new", "INDEX_KEY": "z"})
    assert (tmp_path / ".env").read_text() == "# keys\n  export MASTER_KEY=new # of the town\nA=1\nINDEX_KEY=z # y\n"


def test_letters_that_are_no_text_are_kept(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"# t\xe4m\xe4\nMASTER_KEY=old\n")
    EnvFile(path).write({"MASTER_KEY": "new"})
    assert path.read_bytes() == b"# t\xe4m\xe4\nMASTER_KEY=new\n"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("MASTER_KEY=old\n")
    (tmp_path / ".env").symlink_to(tmp_path / "real")
    EnvFile(tmp_path / ".env").write({"MASTER_KEY": "new"})
    assert (tmp_path / ".env").is_symlink()
    assert (tmp_path / "real").read_text() == "MASTER_KEY=new\n"


@pytest.mark.parametrize(
    "spelling",
    [
        "export {}={}",
        "  {}={}",
        "{} = {}",
        "{}: {}",
        "{}:{}",
        "\t{}='{}'",
        '{}="{}" # ours',
        "export  {} : {}",
        "{}={}\r",
    ],
)
def test_a_key_that_compose_sees_is_never_made_again(path: Path, spelling: str) -> None:
    key = EnvFile(path).values["MASTER_KEY"]
    text = path.read_text().replace(f"MASTER_KEY={key}", spelling.format("MASTER_KEY", key))
    path.write_bytes(text.encode())
    assert missing(path) == []
    assert add_missing(path) == []
    assert EnvFile(path).values["MASTER_KEY"] == key


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_file_of_the_first_version_is_given_what_came_later(path: Path, end: str) -> None:
    values = EnvFile(path).values
    older = "\n".join(f"{name}='{values[name]}'" for name in FIRST_VERSION) + end
    path.write_text(older)
    added = set(add_missing(path))
    assert added & set(new_secrets()) == LATER
    assert added == values.keys() - set(FIRST_VERSION)
    now = EnvFile(path).values
    assert {name: now[name] for name in FIRST_VERSION} == {name: values[name] for name in FIRST_VERSION}
    assert all(now[name] and now[name] != values[name] for name in LATER)
    assert path.read_text().startswith(older)
    assert add_missing(path) == []


def test_a_file_from_before_the_portal_is_given_all_of_its_secrets_and_loses_none(path: Path) -> None:
    values = EnvFile(path).values
    older = "".join(f"{name}='{value}'\n" for name, value in values.items() if "PORTAL" not in name)
    path.write_text(older)
    assert set(add_missing(path)) == PORTAL | {"PORTAL_EPOCH", "PORTAL_KEY_PREVIOUS"}
    now = EnvFile(path).values
    assert {name: value for name, value in now.items() if "PORTAL" not in name} == {
        name: value for name, value in values.items() if "PORTAL" not in name
    }
    assert all(now[name] for name in PORTAL)


@pytest.mark.parametrize("how", ["gone", "empty", "commented out", "emptied later"])
@pytest.mark.parametrize("name", sorted(new_secrets()))
def test_a_secret_that_was_there_is_not_made_a_second_time(path: Path, name: str, how: str) -> None:
    lines = path.read_text().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if line.startswith(f"{name}="))
    lines[at] = {
        "gone": "",
        "empty": f"{name}=\n",
        "commented out": f"# {lines[at]}",
        "emptied later": f"{lines[at]}{name}=\n",
    }[how]
    path.write_text("".join(lines))
    before = path.read_bytes()
    assert missing(path) == [name]
    with pytest.raises(PlatformError, match=f"no value for {name}, .*Take it from your copy"):
        add_missing(path)
    assert path.read_bytes() == before
    said = CliRunner().invoke(app, ["env", str(path)]).output
    assert "Take it from your copy" in " ".join(said.split())
    assert path.read_bytes() == before


def test_a_copy_of_the_example_is_filled_where_it_is_empty(path: Path) -> None:
    example = (Path(__file__).resolve().parent.parent / ".env.example").read_text()
    path.write_text(example)
    assert set(add_missing(path)) == set(new_secrets())
    values = EnvFile(path).values
    assert all(values[name] for name in new_secrets())
    assert len(path.read_text().splitlines()) == len(example.splitlines())
    new_keys.renew_signing(new_keys.store(path, path.parent))


def test_a_file_that_compose_would_refuse_is_left_alone(path: Path) -> None:
    path.write_text("MASTER_KEY='abc\n")
    for act in (add_missing, missing, lambda it: new_keys.renew(new_keys.store(it, it.parent), "MASTER_KEY")):
        with pytest.raises(PlatformError, match="line 1"):
            act(path)
    assert path.read_text() == "MASTER_KEY='abc\n"


@pytest.mark.parametrize(
    ("text", "which", "said"),
    [
        ("LUOTSI_PORT=1\n", "master", "there is no MASTER_KEY"),
        ("MASTER_KEY=\n", "master", "there is no MASTER_KEY"),
        ("#INDEX_KEY=x\n", "index", "there is no INDEX_KEY"),
        ("JWKS_JSON=\n", "signing", "there is no JWKS_JSON"),
        ("JWKS_JSON=oops\n", "signing", "JWKS_JSON is no set of keys"),
        ("JWKS_JSON='[]'\n", "signing", "JWKS_JSON is no set of keys"),
        ("JWKS_JSON='{\"keys\": 1}'\n", "signing", "JWKS_JSON is no set of keys"),
        ("A B=c\nMASTER_KEY=x\n", "master", "line 1"),
    ],
)
def test_a_key_that_is_not_there_or_odd_is_not_renewed(tmp_path: Path, text: str, which: str, said: str) -> None:
    path = tmp_path / ".env"
    path.write_text(text)
    done = CliRunner().invoke(app, ["keys", "renew", which, "--env", str(path)])
    assert isinstance(done.exception, PlatformError)
    assert said in str(done.exception)
    assert path.read_text() == text


def test_a_key_in_another_spelling_is_renewed_where_it_stands(path: Path) -> None:
    former = EnvFile(path).values["MASTER_KEY"]
    path.write_text(path.read_text().replace(f"MASTER_KEY={former}", f"export MASTER_KEY : '{former}'  # ours"))
    new_keys.renew(new_keys.store(path, path.parent), "MASTER_KEY")
    values = EnvFile(path).values
    assert values["MASTER_KEY_PREVIOUS"] == former != values["MASTER_KEY"]
    assert path.read_text().count("MASTER_KEY=") == 1
    assert f"export MASTER_KEY={values['MASTER_KEY']}  # ours" in path.read_text()


def test_the_environment_is_asked_first_for_what_stands_inside_of_a_value(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=file\nMASTER_KEY=${A}${B:-none}\nINHERITED\n")
    values = EnvFile(tmp_path / ".env", {"A": "outside", "INHERITED": "too"}).values
    assert (values["MASTER_KEY"], values["INHERITED"]) == ("outsidenone", "too")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="cannot be read"):
        EnvFile(tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("env {}/none/.env", "none/.env"),
        ("env {}/file/.env", "file/.env"),
        ("env --add {}/file/.env", "file/.env"),
        ("env --force {}/file", "file.old"),
        ("token somebody@luotsi.example --data {}/file", "file/platform.json"),
        ("doctor --data {}/file", "file/platform.json"),
        ("up --data {}/file", "file"),
        ("up --data {}/file/below", "file/below"),
    ],
)
def test_a_path_where_no_file_can_be_is_named_in_one_line(tmp_path: Path, command: str, named: str) -> None:
    for name in ("file", "file.old"):
        (tmp_path / name).write_text("MASTER_KEY=abc\n")
    said = subprocess.run(
        [sys.executable, "-m", "luotsi", *command.format(tmp_path).split()], capture_output=True, text=True, check=False
    )
    assert said.returncode == 1
    assert said.stderr.splitlines()[-1:] == said.stderr.splitlines()
    assert said.stderr.startswith(f"luotsi: {tmp_path / named}: ")
    assert (tmp_path / "file").read_text() == "MASTER_KEY=abc\n"
