"""Where a command may find itself: odd locales, closed streams, full disks, no home, narrow terminals."""

from __future__ import annotations

import errno
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
from typing import Any, Callable

import pytest
from support.command import SONG, Cli, Launch

import lyricgen.cli
from lyricgen import storage
from lyricgen.cli import options

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
    result = cli(*command, cwd=trained, env=env)
    assert result.stdout == expected
    assert "never saw" not in result.stderr
    piped = [*command[:1], "--prefix", "-", *command[3:]]
    assert cli(*piped, cwd=trained, env=env, input="山上\n").stdout == expected
    assert cli("score", cwd=trained, env=env, input="山上的雨\n").stdout.endswith("\t山上的雨\n")


def test_paths_with_spaces_and_chinese_characters(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "我的 歌"
    folder.mkdir()
    (folder / "词 一.txt").write_text(SONG, "utf-8")
    assert cli("prepare", "词 一.txt", "-o", "数 据.safetensors", cwd=folder).stdout == "数 据.safetensors\n"
    result = cli("train", "数 据.safetensors", "--cell", "ngram", "-o", "模 型", cwd=folder, env={"LC_ALL": "C"})
    assert result.returncode == 0, result.stderr
    assert cli("generate", "-c", "模 型", "--length", "3", cwd=folder).returncode == 0


@pytest.fixture(params=["ASCII", "GBK"])
def odd_locale(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables of a locale in which names of files and options are no UTF-8 for Python."""
    if request.param == "ASCII":
        return {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    folder = tmp_path_factory.mktemp("locales")
    command = ["localedef", "-i", "zh_CN", "-f", "GBK", str(folder / "zh_CN.GBK")]
    if not shutil.which("localedef") or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this system makes no GBK locale (localedef)")
    return {"LOCPATH": str(folder), "LC_ALL": "zh_CN.GBK"}


@pytest.mark.slow
def test_chinese_paths_and_options_in_odd_locales(odd_locale: dict[str, str], cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "歌"
    folder.mkdir()
    (folder / "词.txt").write_text(SONG, "utf-8")
    (folder / "选.toml").write_text('preview = "山"\n', "utf-8")
    assert cli("prepare", "歌/词.txt", "-o", "歌/数.safetensors", env=odd_locale).stdout == "歌/数.safetensors\n"
    options = ("--hidden", "8", "--epochs", "1", "--config", "歌/选.toml")
    result = cli("train", "歌/数.safetensors", "-o", "歌/型", *options, env=odd_locale)
    assert (result.returncode, result.stdout) == (0, "歌/型/best.safetensors\n"), result.stderr
    assert " - 山" in result.stderr
    options = (*options, "--engine", "numpy", "--preview", "雨")
    result = cli("train", "歌/数.safetensors", "-o", "歌/另", *options, env=odd_locale)
    assert " - 雨" in result.stderr
    for command in (
        ("generate", "-c", "歌/型", "--acrostic", "山雨", "--line-length", "3", "--seed", "1"),
        ("generate", "-c", "歌/型", "--rhyme-with", "山", "--lines", "2", "--line-length", "3", "--seed", "1"),
    ):
        result = cli(*command, env=odd_locale)
        assert result.returncode == 0, result.stderr
        assert result.stdout == cli(*command).stdout
    assert "歌/没.txt: cannot be read: No such file" in cli("train", "歌/没.txt", env=odd_locale).stderr
    assert json.loads(cli("info", "歌/数.safetensors", "--json", env=odd_locale).stdout)["sources"] == ["歌/词.txt"]
    environment = {**odd_locale, "LYRICGEN_GENERATE_ACROSTIC": "山雨", "LYRICGEN_GENERATE_LINE_LENGTH": "3"}
    assert cli("generate", "-c", "歌/型", env=environment).stdout.startswith("山")


def test_names_that_are_no_utf8(trained: Path, tmp_path: Path) -> None:
    """They come out with the bytes that they have, in JSON as escapes."""
    shutil.copytree(os.fsencode(trained / "checkpoints"), os.fsencode(tmp_path) + b"/m\xe9")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/s\xe9.txt")).write_text(SONG, "utf-8")

    def run(*arguments: str | bytes) -> bytes:
        result = subprocess.run([*LYRICGEN, *arguments], cwd=tmp_path, capture_output=True, timeout=60)
        assert result.returncode == 0, result.stderr
        return result.stdout

    assert run("prepare", b"s\xe9.txt", "-o", b"d\xe9.safetensors") == b"d\xe9.safetensors\n"
    assert json.loads(run("info", b"d\xe9.safetensors", "--json"))["sources"] == ["s\ufffd.txt"]
    assert run("plot", b"m\xe9", "-o", b"p\xe9.png") == b"p\xe9.png\n"
    assert b"perplexity" in run("evaluate", b"s\xe9.txt", "-c", b"m\xe9")
    assert json.loads(run("generate", "-c", b"m\xe9", "--prefix", b"\xe9", "--json"))["text"].startswith("\ufffd")


def test_nobody_listens_to_stderr(tmp_path: Path) -> None:
    """The training goes on, and its product is printed."""
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    line = f"{sys.executable} -m lyricgen train song.txt --hidden 4 --epochs 9 2> >(head -n 2 > said)"
    result = subprocess.run(["bash", "-c", line], cwd=tmp_path, stdout=subprocess.PIPE, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (0, f"{Path('checkpoints', 'best.safetensors')}\n")
    assert len((tmp_path / "checkpoints" / "log.jsonl").read_text().splitlines()) == 9


def test_many_prepare_the_same_file(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    for process in [launch("prepare", "song.txt", "--force", cwd=tmp_path) for _ in range(12)]:
        _, err = process.communicate()
        assert process.wait() == 0, err
    assert sorted(os.listdir(tmp_path)) == ["dataset.safetensors", "song.txt"]


def test_rubbish_in_this_folder_stops_only_what_needs_it(trained: Path, tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "dataset.safetensors").write_bytes(b"rubbish")
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    shutil.copytree(trained / "checkpoints", tmp_path / "checkpoints")
    for command in (
        "generate --length 3",
        "evaluate",
        "measure song.txt",
        "info",
        "score song.txt",
        "fill 山＿",
        "export --format torch",
        "train song.txt --cell ngram -o new",
        "prepare song.txt -o new.safetensors",
    ):
        result = cli(*command.split())
        assert result.returncode == 0, (command, result.stderr)
    assert "dataset.safetensors: is not a lyricgen file" in cli("train", "-o", "newer").stderr


def test_nothing_that_is_shown_moves_a_terminal(trained: Path, tmp_path: Path, cli: Cli) -> None:
    """Whether it stands in a file's metadata, a file's name, a prefix or a line."""
    stored = storage.read(trained / "dataset.safetensors", "dataset")
    evil = "a\x1b[31m\x9b31m\u202e\u2066b"
    storage.write(tmp_path / "d.safetensors", "dataset", {**stored.metadata, "sources": [evil]}, stored.tensors)
    checkpoint = ("-c", str(trained / "checkpoints"))
    for arguments, given in (
        (["info", "d.safetensors"], ""),
        (["info", "d.safetensors", "--json"], ""),
        (["prepare", evil + ".txt"], ""),
        (["generate", *checkpoint, "--prefix", evil, "--length", "3"], ""),
        (["score", *checkpoint], evil + "\n"),
        (["generate", *checkpoint, "--prefix", "-", "--length", "3", "--json"], evil + "\n"),
        (["fill", *checkpoint, "-"], f"山＿{evil}\n"),
        (["fill", *checkpoint, "-", "--json"], f"山＿{evil}\n"),
        (["score", *checkpoint, "--json"], evil + "\n"),
        (["train", "d.safetensors", "--cell", "ngram", "-o", evil], ""),
    ):
        result = cli(*arguments, input=given)
        shown = result.stdout + result.stderr
        assert "b" in shown, arguments
        assert not set(shown) & set("\x1b\x9b\u202e\u2066"), arguments
    (line,) = cli("info", "d.safetensors", "--json").stdout.splitlines()
    assert json.loads(line)["sources"] == [evil]


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
            [*LYRICGEN, *command.split()],
            cwd=trained,
            stdout=full,
            stderr=subprocess.PIPE,
            input="山\n",
            text=True,
            timeout=60,
        )
    assert result.returncode == 1
    assert "standard output: cannot be written: No space left" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


FILLED = (
    "prepare song.txt -f",
    "train song.txt --cell ngram -f -o .",
    "train song.txt --engine numpy --hidden 64 --epochs 1 -f -o .",
)


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


def test_a_folder_that_vanishes_ends_the_training_with_one_line(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    process = launch("train", "song.txt", "--hidden", "4", "--epochs", "100000", cwd=tmp_path)
    while not (tmp_path / "checkpoints" / "last.safetensors").exists() and process.poll() is None:
        time.sleep(0.01)
    (tmp_path / "checkpoints").rename(tmp_path / "elsewhere")  # at once: the training writes meanwhile
    err = process.communicate()[1].decode()
    assert process.wait() == 1
    assert err.splitlines()[-1].startswith("Error: checkpoints")
    assert (tmp_path / "elsewhere" / "last.safetensors").exists()
    assert "Traceback" not in err


@pytest.mark.parametrize("columns", [20, 40])
def test_a_narrow_terminal(columns: int, trained: Path, tmp_path: Path) -> None:
    """Nothing is lost and no line of the bar is wider than the terminal."""
    shutil.copy(trained / "dataset.safetensors", tmp_path)
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 10, columns, 0, 0))
    command = [*LYRICGEN, "train", "--engine", "numpy", "--hidden", "4", "--epochs", "2"]
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


def test_on_windows_names_of_files_are_patterns_and_no_other_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b.txt", "a.txt", "c.zip"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    context: Any = None
    assert options.expand(context, context, ("*.txt",)) == ("*.txt",), "elsewhere the shell does it"
    monkeypatch.setattr(options.files, "WINDOWS", True)
    assert options.expand(context, context, ("*.txt", "-", "x?.txt")) == ("a.txt", "b.txt", "-", "x?.txt")
    assert options.expand(context, context, (Path("*.zip"),)) == (Path("c.zip"),)


def test_a_reader_that_has_gone_is_no_fault_on_windows_either(monkeypatch: pytest.MonkeyPatch) -> None:
    gone, other = OSError(errno.EINVAL, "Invalid argument"), OSError(errno.EINVAL, "Invalid argument", "song.txt")
    assert not lyricgen.cli.is_broken_pipe(gone)
    monkeypatch.setattr(lyricgen.cli.files, "WINDOWS", True)
    assert lyricgen.cli.is_broken_pipe(gone)
    assert not lyricgen.cli.is_broken_pipe(other)
