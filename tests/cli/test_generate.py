from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.checker import broken
from support.command import SONG, Cli, running

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


def test_without_a_model_the_one_that_comes_with_it_writes(cli: Cli, trained: Path) -> None:
    result = cli("generate", "--prefix", "分开", *LENGTH)
    assert result.stderr == "model       zh, which comes with lyricgen (no checkpoints here)\n"
    assert result.stdout == cli("generate", "-c", "zh", "--prefix", "分开", *LENGTH, cwd=trained).stdout
    assert len(result.stdout) == 2 + 30 + 1
    assert "zh" not in cli("generate", *LENGTH, cwd=trained).stderr
    refused = cli("generate", "-c", "checkpoints", *LENGTH)
    assert (refused.returncode, refused.stdout) == (1, "")


def test_streamed_or_not_the_songs_are_the_same(cli: Cli, trained: Path) -> None:
    """A single song is printed while it is written, several when they are whole."""
    arguments = ("generate", "--prefix", "山", "--prefix", "雨", *LENGTH)
    streamed = cli(*arguments, cwd=trained).stdout
    whole = [json.loads(line)["text"] for line in cli(*arguments, "--json", cwd=trained).stdout.splitlines()]
    assert streamed == "\n\n\n".join(whole) + "\n"
    several = cli(*arguments, "-n", "2", cwd=trained).stdout
    assert several.startswith(f"{whole[0]}\n\n\n")


def test_json_is_a_line_a_song(cli: Cli, trained: Path) -> None:
    result = cli("generate", "--prefix", "分开", "--prefix", "龙 \"'", "-n", "2", "--json", *LENGTH, cwd=trained)
    songs = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(song["prefix"], song["sample"], song["seed"]) for song in songs] == [
        ("分开", 0, 1),
        ("分开", 1, 1),
        ("龙 \"'", 0, 1),
        ("龙 \"'", 1, 1),
    ]
    assert all(song["text"].startswith(song["prefix"]) for song in songs)


def test_a_song_is_whole_and_nothing_follows_its_last_line(cli: Cli, trained: Path) -> None:
    for drafts in ("1", "4"):
        songs = cli("generate", "--seed", "1", "--drafts", drafts, "-n", "9", cwd=trained).stdout
        assert songs == songs.strip("\n") + "\n"
        assert len(songs.split("\n\n\n")) == 9


def test_a_line_that_had_to_copy_is_told(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "song.txt").write_text(f"{'山' * 9}\n" * 40, "utf-8")
    assert cli("train", "song.txt", "--cell", "ngram", "-o", "c").returncode == 0
    asked = ("generate", "-c", "c", "--form", "7", "--seed", "1")
    result = cli(*asked)
    assert (result.returncode, result.stdout) == (0, f"{'山' * 7}\n")
    assert result.stderr == f"copies more than 6 characters, as nothing else fits (--max-copy forbids it): {'山' * 7}\n"
    assert cli(*asked, "--max-copy", "0").stderr == ""
    refused = cli(*asked, "--max-copy", "6")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "line 1 cannot be written" in refused.stderr


def test_prefixes_from_standard_input(cli: Cli, trained: Path) -> None:
    result = cli("generate", "--prefix", "-", "--json", *LENGTH, cwd=trained, input="分开\r\n\n山")
    assert [json.loads(line)["prefix"] for line in result.stdout.splitlines()] == ["分开", "", "山"]


@pytest.mark.process
def test_a_line_of_stdin_is_answered_before_the_next_comes(trained: Path) -> None:
    command = [sys.executable, "-m", "lyricgen", "generate", "--prefix", "-", "--json", *LENGTH]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "cwd": trained}
    with running(command, text=True, encoding="utf-8", **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
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


@pytest.mark.process
def test_a_reader_that_leaves_early_is_no_fault(trained: Path) -> None:
    command = f"{sys.executable} -m lyricgen generate -n 300 --length 200 --seed 1 | head -1; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], cwd=trained, capture_output=True, text=True, timeout=60)
    assert result.stdout.endswith("\n0\n")
    assert result.stderr == ""


def test_a_lyric_keeps_its_form(cli: Cli, trained: Path) -> None:
    options = ("--form", "3,3", "--acrostic", "山雨", "--rhyme-with", "山", "--max-copy", "6", "--seed", "1")
    result = cli("generate", *options, "-n", "4", "--json", cwd=trained)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert len(lines) == 4
    for line in lines:
        song = json.loads(line)
        asked = {"form": "3,3", "acrostic": "山雨", "rhyme_with": "山", "max_copy": 6}
        assert broken(song["text"], corpus=SONG, **asked) == []
        assert song["copied"] in SONG
        assert len(song["copied"]) <= 6
    streamed = cli("generate", *options, cwd=trained).stdout
    assert streamed == json.loads(lines[0])["text"] + "\n"


def test_a_song_that_cannot_be_is_one_line_and_no_half_song(cli: Cli, trained: Path) -> None:
    result = cli("generate", "--prefix", "山上的雨", "--form", "2,2", cwd=trained)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: --prefix: its line 1")


def test_an_acrostic_may_have_characters_that_the_model_never_saw(cli: Cli, trained: Path) -> None:
    result = cli("generate", "--acrostic", "山龙", "--seed", "1", cwd=trained)
    assert result.stderr.startswith("Warning: this model never saw 龙")
    assert [line[0] for line in result.stdout.splitlines()] == ["山", "龙"]


def test_a_checkpoint_without_its_text(cli: Cli, trained: Path, tmp_path: Path) -> None:
    command = ("train", str(trained / "dataset.safetensors"), "--cell", "ngram", "--no-keep-text")
    assert cli(*command, cwd=tmp_path).returncode == 0
    assert "copied" not in json.loads(cli("generate", "--length", "3", "--json", cwd=tmp_path).stdout)
    for option in ("--max-copy=3", "--theme=山"):
        result = cli("generate", option, cwd=tmp_path)
        assert (result.returncode, result.stdout) == (2, "")
        assert f"{option.split('=')[0]}: this checkpoint keeps no text" in result.stderr


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_writing_by_turns_on_a_terminal(trained: Path) -> None:
    """A person at a pseudo-terminal: a number, a text, a line of the model's, undo, the end; stdout is a pipe."""
    import pty

    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "lyricgen", "generate", "--interactive", "--prefix", "山", "--seed", "1"]
    with running(
        command, cwd=trained, stdin=follower, stderr=follower, stdout=subprocess.PIPE, close_fds=True
    ) as process:
        os.close(follower)
        shown = _read_until(leader, "> ")
        first = re.search(r"1 (\S) \d+\.\d%", shown)
        assert first
        for answer in ("1", "雨", ":u", "我们", ":n", ":l", "1", "", ":u", "nonsense龙\x15", ":x"):
            os.write(leader, (answer + "\n").encode())
            shown = _read_until(leader, "> ")
        assert "no such command" in shown
        os.write(leader, b":q\n")
        assert process.stdout is not None
        song = process.stdout.read().decode()
        assert process.wait(20) == 0
    os.close(leader)
    assert song.startswith(f"山{first[1]}我们\n")
    assert len(song.splitlines()) >= 2


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_ctrl_c_at_the_terminal_loses_no_song(trained: Path) -> None:
    import pty

    leader, follower = pty.openpty()
    command = ["lyricgen", "generate", "--interactive", "--prefix", "山", "--seed", "1"]
    code = f"import os, sys; os.setsid(); os.execv(sys.executable, [sys.executable, '-m', *{command!r}])"
    with running(
        [sys.executable, "-c", code], cwd=trained, stdin=follower, stderr=follower, stdout=subprocess.PIPE
    ) as process:
        os.close(follower)
        _read_until(leader, "> ")
        os.write(leader, "上的雨\n".encode())
        _read_until(leader, "> ")
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        assert process.stdout.read().decode() == "山上的雨\n"
        assert process.wait(20) == 130
    os.close(leader)


def _read_until(descriptor: int, end: str) -> str:
    shown = ""
    while not shown.endswith(end):
        shown += os.read(descriptor, 4096).decode("utf-8", "replace")
    return shown
