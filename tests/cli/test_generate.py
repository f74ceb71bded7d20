from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Cli

LENGTH = ("--length", "30", "--seed", "1")


def test_stdout_is_the_song_and_nothing_else(cli: Cli, trained: Path) -> None:
    result = cli("generate", "--prefix", "分开", "--length", "30", cwd=trained)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("分开")
    assert len(result.stdout) == 2 + 30 + 1
    assert result.stdout.endswith("\n")


def test_a_seed_repeats_and_a_fresh_one_is_told(cli: Cli, trained: Path) -> None:
    first = cli("generate", "--length", "30", cwd=trained)
    seed = re.fullmatch(r"seed (\d+)\n", first.stderr)
    assert seed
    assert cli("generate", "--length", "30", "--seed", seed[1], cwd=trained).stdout == first.stdout
    assert len({first.stderr, *(cli("generate", "--length", "1", cwd=trained).stderr for _ in range(3))}) == 4


@pytest.mark.parametrize("options", [(), ("--temperature", "0"), ("--top-k", "3"), ("--top-p", "0.5")])
def test_both_engines_write_the_same(options: tuple[str, ...], cli: Cli, trained: Path) -> None:
    ours = cli("generate", "--prefix", "分开", *LENGTH, *options, cwd=trained)
    theirs = cli("generate", "--prefix", "分开", *LENGTH, *options, "--engine", "mxnet", cwd=trained)
    assert ours.stdout == theirs.stdout


def test_streamed_or_not_the_songs_are_the_same(cli: Cli, trained: Path) -> None:
    arguments = ("generate", "--prefix", "山", "--prefix", "雨", "-n", "2", *LENGTH)
    streamed, whole = (cli(*arguments, option, cwd=trained).stdout for option in ("--stream", "--no-stream"))
    assert streamed == whole
    assert len(re.findall("^[山雨]", whole, re.MULTILINE)) >= 4


def test_json_is_a_line_a_song(cli: Cli, trained: Path) -> None:
    result = cli("generate", "--prefix", "分开", "--prefix", "龙 \"'", "-n", "2", "--json", *LENGTH, cwd=trained)
    songs = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(song["prefix"], song["sample"], song["seed"]) for song in songs] == [
        ("分开", 0, 1), ("分开", 1, 1), ("龙 \"'", 0, 1), ("龙 \"'", 1, 1),
    ]  # fmt: skip
    assert all(song["text"].startswith(song["prefix"]) for song in songs)


def test_prefixes_from_standard_input(cli: Cli, trained: Path) -> None:
    result = cli("generate", "--prefix", "-", "--json", *LENGTH, cwd=trained, input="分开\r\n\n山")
    assert [json.loads(line)["prefix"] for line in result.stdout.splitlines()] == ["分开", "", "山"]


def test_a_line_of_stdin_is_answered_before_the_next_comes(trained: Path) -> None:
    command = [sys.executable, "-m", "lyricgen", "generate", "--prefix", "-", "--json", *LENGTH]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "cwd": trained}
    with subprocess.Popen(command, text=True, encoding="utf-8", **pipes) as process:  # type: ignore[call-overload]
        for prefix in ("山", "雨"):
            process.stdin.write(prefix + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["prefix"] == prefix


def test_an_unknown_prefix_is_printed_as_given_with_a_warning(cli: Cli, trained: Path) -> None:
    prefix = "🐉 Ünseen e\u0301 分开"
    result = cli("generate", "--prefix", prefix, *LENGTH, cwd=trained)
    assert result.returncode == 0
    assert result.stdout.startswith(prefix)
    assert result.stderr.startswith("Warning: ")
    assert "🐉" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_reader_that_leaves_early_is_no_fault(trained: Path) -> None:
    command = f"{sys.executable} -m lyricgen generate -n 300 --length 200 --seed 1 | head -1; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], cwd=trained, capture_output=True, text=True, timeout=60)
    assert result.stdout.endswith("\n0\n")
    assert result.stderr == ""


def test_utf8_whatever_the_locale(cli: Cli, trained: Path) -> None:
    for environment in ({"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"}):
        result = cli("generate", "--prefix", "-", *LENGTH, cwd=trained, env=environment, input="分开\n")
        assert result.stdout.startswith("分开")


def test_a_read_only_folder_is_enough(cli: Cli, trained: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir(mode=0o555)
    result = cli("generate", "-c", str(trained / "checkpoints" / "last.safetensors"), *LENGTH, cwd=empty)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["-c", "nowhere"], 1, "nowhere: no checkpoint there; `lyricgen train` makes one"),
        (["-c", "dataset.safetensors"], 1, "is a dataset, a checkpoint is wanted"),
        (["-c", "checkpoints/log.jsonl"], 1, "no file of lyricgen's"),
        (["--temperature", "-1"], 2, "--temperature"),
        (["--top-p", "0"], 2, "--top-p"),
        (["--top-k", "x"], 2, "--top-k"),
        (["-n", "0"], 2, "-n"),
        (["--engine", "torch"], 2, "--engine"),
        (["surplus"], 2, "surplus"),
    ],
)
def test_faults_get_one_line(arguments: list[str], status: int, words: str, cli: Cli, trained: Path) -> None:
    result = cli("generate", *arguments, "--seed", "1", cwd=trained)
    assert (result.returncode, result.stdout) == (status, "")
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr
