"""The README's transcripts are run, in their order, and compared with what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from lyricgen.text import corpus

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "lyricgen" / "writing" / "README.md"]
TOUR = ROOT / "lyricgen" / "model" / "README.md"
NOT_COMPARED = "<!-- not compared -->"  # what a model writes depends on the processor's rounding


class Call(NamedTuple):
    """A command of a transcript, what it shows, and whether that is to be the same here."""

    command: str
    shown: list[str]
    is_compared: bool


def transcripts(page: str) -> list[Call]:
    calls = []
    for mark, block in re.findall(r"((?:<!--[^\n]*-->\n)?)```console\n(.*?)```", page, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = part.rstrip("\n").split("\n")
            calls.append(Call(command, shown, NOT_COMPARED not in mark))
    return calls


def pattern_of(shown: list[str]) -> str:
    """``...`` stands for any text or lines, a number with decimals or a share clipped for any other."""
    lines = []
    for line in shown:
        if line == "...":
            lines.append("(?:[^\n]*\n)*?")
            continue
        escaped = re.escape(line).replace(re.escape("..."), "[^\n]*")
        escaped = re.sub(r"(?<=^best)((?:\\ )+epoch\\ )\d+", r"\1\\d+", escaped)  # rounding may choose another epoch
        escaped = re.sub(r"(?<=^time)((?:\\ )+about\\ ).*", r"\1\\d+ (s|min)", escaped)
        escaped = re.sub(r"\d+%(?=\\ clipped)", r"\\d+%", escaped)
        lines.append(re.sub(r"\d+\\\.\d+", r"\\s*[\\d.]+", escaped).replace("\\ \\s*", "\\s*") + "\n")
    return "".join(lines)


def test_the_pattern_of_a_transcript() -> None:
    shown = ["epoch 1: perplexity 445.45, 9% clipped, 1.31 s", "...", "ids  ...", "a (b)"]
    assert re.fullmatch(pattern_of(shown), "epoch 1: perplexity 44.1, 10% clipped, 12.0 s\nx\ny\nids  1 2\na (b)\n")
    assert re.fullmatch(pattern_of(["best        epoch 7, perplexity 1.5"]), "best        epoch 11, perplexity 1.25\n")
    assert not re.fullmatch(pattern_of(shown), "epoch 2: perplexity 44.1, 10% clipped, 12.0 s\nids  1 2\na (b)\n")
    assert not re.fullmatch(pattern_of(shown), "epoch 1: perplexity 44.1, 10% clipped, 12.0 s\nids  1 2\na b\n")
    (call,) = transcripts(f"{NOT_COMPARED}\n```console\n$ a b\nc\nd\n```\n")
    assert call == Call("a b", ["c", "d"], False)


READMES = [
    ROOT / "README.md",
    *(page for name in ("data", "lyricgen", "tests") for page in sorted(ROOT.glob(f"{name}/**/README.md"))),
]


@pytest.mark.parametrize("page", READMES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert all((page.parent / link).exists() for link in links if not link.startswith("http"))


needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="the transcripts are of a POSIX shell")


@needs_posix
@pytest.mark.process
@pytest.mark.train
@pytest.mark.timeout(900)
@pytest.mark.slow
def test_transcripts(tmp_path: Path) -> None:
    """One folder for all pages: the models that the first one trains serve the others."""
    calls = [call for page in PAGES for call in transcripts(page.read_text("utf-8"))]
    assert len(calls) >= 18
    write_songs(tmp_path)
    run(calls, tmp_path)


@needs_posix
@pytest.mark.process
@pytest.mark.train
@pytest.mark.timeout(900)
@pytest.mark.slow
def test_the_tour(tmp_path: Path) -> None:
    """Its commands with models of a smaller text; its pictures are there."""
    page = TOUR.read_text("utf-8")
    calls = transcripts(page)
    assert len(calls) >= 15
    write_songs(tmp_path)
    small = Call("lyricgen prepare lyrics", ["...", "dataset.safetensors"], True)
    run([small, *calls], tmp_path, LYRICGEN_TRAIN_ENGINE="numpy")
    pictures = re.findall(r"\]\((pictures/[^)]*)\)", page)
    assert {f"pictures/{each.name}" for each in (TOUR.parent / "pictures").iterdir()} == set(pictures)


def test_the_tour_s_python_prints_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    ((code, shown),) = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", TOUR.read_text("utf-8"), re.DOTALL)
    exec(code, {})
    assert capsys.readouterr().out == shown


def write_songs(folder: Path) -> None:
    """The folder ``lyrics`` of which the pages speak."""
    (folder / "lyrics").mkdir()
    songs = "".join(corpus.read([])).strip().split("\n\n\n")[:154]
    for number, song in enumerate(songs):
        (folder / "lyrics" / f"{number:03}.txt").write_text(song.rstrip("\n") + "\n", "utf-8")


def run(calls: list[Call], folder: Path, **variables: str) -> None:
    """Run the commands in a folder, one after the other, and compare what is to be compared."""
    (folder / "bin").mkdir()
    (folder / "bin" / "lyricgen").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lyricgen "$@"\n')
    (folder / "bin" / "lyricgen").chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    environment = {name: value for name, value in environment.items() if not name.startswith("LYRICGEN_")}
    environment["OMP_NUM_THREADS"] = "1"  # other tests use the other processors
    for call in calls:
        # What is only run need not be the model that the page shows.
        quick = {} if call.is_compared else {"LYRICGEN_TRAIN_HIDDEN": "32", "LYRICGEN_TRAIN_EPOCHS": "1"}
        result = subprocess.run(
            ["bash", "-o", "pipefail", "-c", f"{call.command} 2>&1"],
            cwd=folder,
            env={**environment, **variables, **quick},
            capture_output=True,
            timeout=300,
            encoding="utf-8",
            check=False,
        )
        assert result.returncode == 0, (call.command, result.stdout)
        shown = re.sub(r"^threads     \d+$", "threads     2", result.stdout, flags=re.MULTILINE)
        if call.is_compared:
            assert re.fullmatch(pattern_of(call.shown), shown), f"$ {call.command}\n{shown}"
