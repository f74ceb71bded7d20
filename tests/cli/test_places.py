"""Where a command may find itself: odd locales, closed streams, full disks, no home, narrow terminals."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import resource
import select
import shutil
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Callable

import pytest
from conftest import SONG, Cli, running

pytestmark = [pytest.mark.process, pytest.mark.train]

LYRICGEN = [sys.executable, "-m", "lyricgen"]


@pytest.mark.parametrize(
    "env",
    [
        {"LANG": "C", "LC_ALL": "C"},
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"HOME": "", "USERPROFILE": ""},
    ],
)
def test_utf8_whatever_the_locale(env: dict[str, str], cli: Cli, trained: Path) -> None:
    command = ["generate", "--prefix", "山上", "--seed", "1", "--length", "8"]
    expected = cli(*command, cwd=trained).stdout
    assert expected.startswith("山上")
    assert cli(*command, cwd=trained, env=env).stdout == expected
    piped = [*command[:1], "--prefix", "-", *command[3:]]
    assert cli(*piped, cwd=trained, env=env, input="山上\n").stdout == expected
    assert "never saw" not in cli(*command, cwd=trained, env=env).stderr
    assert cli("score", cwd=trained, env=env, input="山上的雨\n").stdout.endswith("\t山上的雨\n")


def test_paths_with_spaces_and_chinese_characters(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "我的 歌"
    folder.mkdir()
    (folder / "词 一.txt").write_text(SONG, "utf-8")
    assert cli("prepare", "词 一.txt", "-o", "数 据.safetensors", cwd=folder).stdout == "数 据.safetensors\n"
    result = cli("train", "数 据.safetensors", "--cell", "ngram", "-o", "模 型", cwd=folder, env={"LC_ALL": "C"})
    assert result.returncode == 0, result.stderr
    assert cli("generate", "-c", "模 型", "--length", "3", cwd=folder).returncode == 0


@pytest.fixture
def read_only(trained: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder with a model, in which nothing can be written."""
    folder = tmp_path / "read only"
    shutil.copytree(trained, folder)
    for path in (folder / "checkpoints", folder):
        path.chmod(0o555)
    yield folder
    for path in (folder, folder / "checkpoints"):
        path.chmod(0o755)


def test_reading_needs_no_writable_folder(read_only: Path, cli: Cli, unprivileged: Callable[[], None] | None) -> None:
    for command in ("generate --length 4", "evaluate", "score", "info", "fill 山＿"):
        result = cli(*command.split(), cwd=read_only, preexec_fn=unprivileged, input="山\n")
        assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "command",
    [
        "prepare",
        "train --hidden 4 --epochs 1 -o new",
        "train --cell ngram -f",
        "export --format torch",
        "plot -o p.svg",
    ],
)
def test_what_cannot_be_written_is_said(
    command: str, read_only: Path, cli: Cli, unprivileged: Callable[[], None] | None
) -> None:
    before = sorted(read_only.rglob("*"))
    arguments = [*command.split(), *(["-o", "new.safetensors"] if command == "prepare" else [])]
    result = cli(*arguments, cwd=read_only, preexec_fn=unprivileged)
    assert (result.returncode, result.stdout) == (1, "")
    assert "cannot be written: Permission denied" in result.stderr.splitlines()[-1]
    assert sorted(read_only.rglob("*")) == before


def test_what_cannot_be_read_is_said(tmp_path: Path, cli: Cli, unprivileged: Callable[[], None] | None) -> None:
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    (tmp_path / "song.txt").chmod(0)
    result = cli("prepare", "song.txt", preexec_fn=unprivileged)
    assert (result.returncode, result.stdout) == (1, "")
    assert "song.txt: cannot be read: Permission denied" in result.stderr


@pytest.mark.parametrize("closed", [0, 1, 2])
@pytest.mark.parametrize("command", ["generate --length 5 --seed 1", "evaluate", "train --cell ngram -f -o ../counted"])
def test_closed_streams_harm_nothing(closed: int, command: str, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "here")
    redirection = ["<&-", ">&-", "2>&-"][closed]
    line = f"{sys.executable} -m lyricgen {command} {redirection}"
    result = subprocess.run(["sh", "-c", line], cwd=tmp_path / "here", capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    assert not [path for path in tmp_path.rglob("*") if path.suffix == ".safetensors" and not path.stat().st_size]


def test_training_with_stderr_closed(trained: Path, tmp_path: Path) -> None:
    shutil.copy(trained / "dataset.safetensors", tmp_path)
    line = f"{sys.executable} -m lyricgen train --hidden 4 --epochs 1 2>&-"
    result = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (0, f"{Path('checkpoints', 'best.safetensors')}\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", ["generate --length 5", "evaluate", "--help", "score"])
def test_a_full_disk_behind_stdout_is_told(command: str, trained: Path) -> None:
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [*LYRICGEN, *command.split()], cwd=trained, stdout=full, stderr=subprocess.PIPE, input="山\n", text=True,
            timeout=60,
        )  # fmt: skip
    assert result.returncode == 1
    assert "standard output: cannot be written: No space left" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


FILLED = ("prepare song.txt -f", "train song.txt --cell ngram -f -o .", "train song.txt --hidden 64 --epochs 1 -f -o .")


@pytest.mark.parametrize("command", FILLED)
def test_a_disk_that_fills_up_leaves_the_old_files(command: str, tmp_path: Path) -> None:
    """Files may not grow beyond 9 kB here, which writes fail at as they do on a full disk."""
    (tmp_path / "song.txt").write_text(SONG + "".join(map(chr, range(0x4E00, 0x4E00 + 3000))), "utf-8")
    for name in ("dataset.safetensors", "best.safetensors", "last.safetensors"):
        (tmp_path / name).write_text("old")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, 9_000))

    result = subprocess.run(
        [*LYRICGEN, *command.split()], cwd=tmp_path, capture_output=True, text=True, preexec_fn=limit, timeout=60
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert "cannot be written" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
    for name in ("dataset.safetensors", "best.safetensors", "last.safetensors"):
        assert (tmp_path / name).read_text() == "old"
    assert not list(tmp_path.glob(".*.part"))


def test_a_folder_that_vanishes_ends_the_training_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    command = [*LYRICGEN, "train", "song.txt", "--hidden", "4", "--epochs", "100000"]
    with running(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, encoding="utf-8") as process:
        while not (tmp_path / "checkpoints" / "last.safetensors").exists() and process.poll() is None:
            time.sleep(0.01)
        (tmp_path / "checkpoints").rename(tmp_path / "elsewhere")  # at once: the training writes meanwhile
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.splitlines()[-1].startswith("Error: checkpoints")
    assert (tmp_path / "elsewhere" / "last.safetensors").exists()
    assert "Traceback" not in err


@pytest.mark.parametrize("columns", [20, 40])
def test_a_narrow_terminal(columns: int, trained: Path, tmp_path: Path) -> None:
    """Nothing is lost and no line of the bar is wider than the terminal."""
    shutil.copy(trained / "dataset.safetensors", tmp_path)
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 10, columns, 0, 0))
    command = [*LYRICGEN, "train", "--hidden", "4", "--epochs", "2"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=follower, text=True)
    os.close(follower)
    shown = b""
    with suppress(OSError):  # the other side is closed
        while select.select([leader], [], [], 60)[0]:
            shown += os.read(leader, 4096)
    os.close(leader)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, f"{Path('checkpoints', 'best.safetensors')}\n")
    assert b"Traceback" not in shown
    assert b"best" in shown
    bars = [
        piece for piece in re.split("[\r\n]+", shown.decode("utf-8", "replace")) if "char/s" in piece or "%" in piece
    ]
    assert bars
    assert max(map(len, bars)) <= columns


def test_the_same_song_with_one_thread_and_with_two_alone_and_among_many(trained: Path, cli: Cli) -> None:
    command = ["generate", "--seed", "7", "--length", "100", "--json"]
    songs = [
        cli(*command, "-n", count, cwd=trained, env={"OMP_NUM_THREADS": n, "OPENBLAS_NUM_THREADS": n}).stdout
        for n in ("1", "2")
        for count in ("1", "100")
    ]
    texts = [json.loads(song.splitlines()[0])["text"] for song in songs]
    assert len(set(texts)) == 1
