"""The README's transcripts: every ```console block is run, in order, in one folder, and compared with what it shows."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]
NOT_COMPARED = "<!-- not compared -->"
FENCE = re.compile(
    rf"^(?P<apart>{re.escape(NOT_COMPARED)}\n\n?)?```console\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
# What stands for other text: `...`, figures with decimals (aligned or not), and the epoch that was best. Float rounding
# differs between processors, so these differ as well.
LOOSE = re.compile(r"(?P<dots>\.\.\.)|(?P<figure> *\d[\d,]*\.\d+)|(?P<best>(?<=^best        epoch )\d+)", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Run:
    """One command of a transcript and what it shows."""

    command: str
    output: str
    compared: bool


def transcript(markdown: str) -> list[Run]:
    """The commands of all ```console blocks, in order."""
    runs = []
    for block in FENCE.finditer(markdown):
        first, *parts = re.split(r"^\$ ", block["body"], flags=re.MULTILINE)
        assert not first, f"a block begins with a command: {first!r}"
        for part in parts:
            command, _, output = part.partition("\n")
            runs.append(Run(command, output, compared=not block["apart"]))
    return runs


def pattern(output: str) -> re.Pattern[str]:
    """What an output must match: a line `...` stands for any lines, `...` in a line for anything up to its end."""
    return re.compile("".join(_line_pattern(line) for line in output.splitlines(keepends=True)))


def _line_pattern(line: str) -> str:
    if line == "...\n":
        return r"(?:.*\n)*?"
    parts, end = [], 0
    for loose in LOOSE.finditer(line):
        parts += [re.escape(line[end : loose.start()]), _loose_pattern(loose)]
        end = loose.end()
    return "".join([*parts, re.escape(line[end:])])


def _loose_pattern(loose: re.Match[str]) -> str:
    if loose["dots"]:
        return ".*"
    space = " +" if loose[0].startswith(" ") else ""
    return space + (r"\d+" if loose["best"] else r"\d[\d,]*\.\d+")


def play(markdown: str, folder: Path) -> None:
    """Run a transcript in a folder with the lyricgen of this checkout; AssertionError where it differs."""
    environment = _environment(folder.parent)
    for run in transcript(markdown):
        result = subprocess.run(
            ["bash", "-o", "pipefail", "-c", run.command], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=300,
        )  # fmt: skip
        assert result.returncode == 0, f"$ {run.command}\n{result.stdout}"
        if run.compared:
            assert pattern(run.output).fullmatch(result.stdout), (
                f"$ {run.command}\n--- shown\n{run.output}--- printed\n{result.stdout}"
            )


def _environment(folder: Path) -> dict[str, str]:
    """A shell's variables in which ``lyricgen`` is that of this checkout and computes with two threads."""
    script = folder / "bin" / "lyricgen"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lyricgen "$@"\n', "utf-8")
    script.chmod(0o755)
    path = os.pathsep.join([str(script.parent), os.environ["PATH"]])
    mine = {name: value for name, value in os.environ.items() if not name.startswith("LYRICGEN_")}
    return {**mine, "PATH": path, "PYTHONPATH": str(HOME), "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "2"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder, but for a corpus in ``lyrics``."""
    folder = tmp_path / "home"
    (folder / "lyrics").mkdir(parents=True)
    shutil.copy(HOME / "data" / "lyrics-zh.txt", folder / "lyrics")
    return folder


def console(body: str, *, before: str = "") -> str:
    return f"Words.\n\n{before}```console\n{body}```\n\nMore words.\n"


def test_a_transcript_is_split_into_commands() -> None:
    text = (
        console("$ one\n1\n2\n$ two\n") + "```sh\n$ not this\n```\n" + console("$ three\n", before=NOT_COMPARED + "\n")
    )
    assert transcript(text) == [Run("one", "1\n2\n", True), Run("two", "", True), Run("three", "", False)]


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("a line\n", "a line\n"),
        ("first\n...\nlast\n", "first\nlast\n"),
        ("first\n...\nlast\n", "first\n1\n2\nlast\n"),
        ("ids  ...\n", "ids  7 8 9\n"),
        ("perplexity 402.83, validation 1,218.69, 1.31 s\n", "perplexity 99.9, validation 7.1, 12.05 s\n"),
        ("gru     160.10     7.323\n", "gru      99.10     6.999\n"),
        ("best        epoch 7, validation perplexity 160.10\n", "best        epoch 11, validation perplexity 161.23\n"),
    ],
)
def test_what_matches(shown: str, printed: str) -> None:
    assert pattern(shown).fullmatch(printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("a line\n", "a line\nand one more\n"),
        ("text 33,393 characters\n", "text 33,405 characters\n"),
        ("first\n...\nlast\n", "first\n1\n"),
        ("epoch 1: perplexity 402.83\n", "epoch 2: perplexity 402.83\n"),
        ("perplexity 402.83\n", "perplexity nan\n"),
    ],
)
def test_what_does_not_match(shown: str, printed: str) -> None:
    assert not pattern(shown).fullmatch(printed)


@pytest.mark.process
def test_blocks_share_a_folder_and_run_this_lyricgen(folder: Path) -> None:
    play(
        console("$ lyricgen prepare lyrics -o a.safetensors\n...\na.safetensors\n")
        + console("$ ls\na.safetensors\nlyrics\n"),
        folder,
    )


@pytest.mark.process
def test_another_output_and_a_failed_command_are_found(folder: Path) -> None:
    with pytest.raises(AssertionError, match="--- printed"):
        play(console("$ echo one\ntwo\n"), folder)


@pytest.mark.process
def test_a_block_that_is_not_compared_must_succeed(folder: Path) -> None:
    apart = NOT_COMPARED + "\n"
    play(console("$ echo one\ntwo\n", before=apart), folder)
    shutil.rmtree(folder.parent / "bin")
    with pytest.raises(AssertionError, match=r"\$ false \| cat"):
        play(console("$ false | cat\n", before=apart), folder)


@pytest.mark.process
@pytest.mark.train
@pytest.mark.timeout(900)
@pytest.mark.skipif(not shutil.which("bash"), reason="the transcripts are bash's")
def test_the_readme_shows_what_is_printed(folder: Path) -> None:
    play((HOME / "README.md").read_text("utf-8"), folder)
