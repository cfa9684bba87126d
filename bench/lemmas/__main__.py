"""The measurement; see the package."""

import asyncio
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import yaml

from services.catalog.domain import search
from services.catalog.domain.search import Word
from services.catalog.domain.texts import LANGUAGES
from services.catalog.schemas.seed_file import DATA
from shared.database.migrations import upgrade
from shared.services import service_names
from shared.values.folding import fold
from tests.flows.catalog_kuopio import kuopio
from tests.kept_servers import kept_servers
from tests.platform import Platform
from tests.search.meter import Measured, measure, read_queries, table

FOLDER = Path(__file__).resolve().parents[2] / ".bench" / "lemmas"
_HERE = Path(__file__).resolve().parent
plain = search.words_of


def install() -> Path:
    """The environment of simplemma, made when there is none; returns its Python."""
    python, wanted = FOLDER / "bin" / "python", _HERE / "requirements.txt"
    if not python.exists():
        venv.create(FOLDER, clear=True, with_pip=False)
        uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "-q", "--require-hashes"]
        subprocess.run([*uv, "--only-binary", ":all:", "--python", str(python), "-r", str(wanted)], check=True)
    return python


def lemmas() -> dict[tuple[str, str], str]:
    """Language and word as it is written → its folded lemma, for all words of the catalogue and of the queries."""
    texts = [str(each) for each in _texts(yaml.safe_load(DATA.read_text("utf-8")))]
    words = {word.written for text in [*texts, *(each.query for each in read_queries())] for word in plain(text)}
    asked = [(language, word) for language in LANGUAGES for word in sorted(words)]
    given = "".join(f"{language}\t{word}\n" for language, word in asked)
    command = [str(install()), str(_HERE / "lemmatise.py")]
    done = subprocess.run(command, input=given, stdout=subprocess.PIPE, text=True, check=True)
    return dict(zip(asked, map(fold, done.stdout.splitlines()), strict=True))


def _texts(thing: object) -> list[object]:
    if isinstance(thing, dict):
        return [text for each in thing.values() for text in _texts(each)]
    return [text for each in thing for text in _texts(each)] if isinstance(thing, list) else [thing]


async def found(platform: Platform) -> list[Measured]:
    """What the queries find on a freshly seeded catalogue."""
    await platform.empty()
    await kuopio(platform)
    return await measure(platform)


async def run(platform: Platform) -> None:
    """Measure without, and with."""
    print("without lemmas\n" + table(await found(platform)))
    known = lemmas()

    def with_lemmas(text: str, language: str | None = None) -> list[Word]:
        words = plain(text)
        if language is not None:  # a text of the catalogue: the lemma beside the word
            more = [Word(known.get((language, each.written), each.folded), each.written) for each in words]
            return [*words, *(each for each in more if each.folded.isalnum())]
        return [_typed(each) for each in words]

    def _typed(word: Word) -> Word:
        others = (known.get((language, word.written), word.folded) for language in LANGUAGES)
        return Word(
            next((each for each in others if each != word.folded and each.isalnum()), word.folded), word.written
        )

    search.words_of = with_lemmas
    print("\nwith lemmas\n" + table(await found(platform)))
    search.words_of = plain
    await platform.close()


if __name__ == "__main__":
    with kept_servers() as running:
        for service in service_names():
            upgrade(service, running.owner_urls[service])
        asyncio.run(run(Platform(running, Path(tempfile.mkdtemp()))))
