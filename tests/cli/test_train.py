from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import SONG, Cli

from lyricgen.model import checkpoint as checkpoints
from lyricgen.text.dataset import Dataset

SMALL = ("--hidden", "8", "--batch-size", "4", "--steps", "12")


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.txt"
    path.write_text(SONG, "utf-8")
    return path


def test_training_speaks_on_stderr_and_prints_the_best_checkpoint(cli: Cli, song: Path, tmp_path: Path) -> None:
    options = ("--preview", "分开", "--preview", "不分开", "--preview-every", "2", "--epochs", "5")
    result = cli("train", "song.txt", *SMALL, *options)
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{Path('checkpoints', 'best.safetensors')}\n"
    for words in (
        "dataset     song.txt",
        "gru (reset after), 1 × 8",
        "threads",
        "epoch 5: perplexity",
        "best        epoch",
    ):
        assert words in result.stderr
    previews = [line for line in result.stderr.splitlines() if line.startswith(" - ")]
    assert len(previews) == 6, "after epochs 2, 4 and the last"
    assert previews[0].startswith(" - 分开")
    assert previews[1].startswith(" - 不分开")
    lines = [json.loads(line) for line in (tmp_path / "checkpoints" / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4, 5]


def test_the_dataset_of_this_folder_comes_before_the_embedded_corpus(
    cli: Cli, song_dataset: Dataset, tmp_path: Path
) -> None:
    options = ("--hidden", "4", "--epochs", "1")
    assert "the embedded corpus" in cli("train", *options, "-o", "a").stderr
    song_dataset.save(tmp_path / "dataset.safetensors")
    result = cli("train", *options, "-o", "b")
    assert "dataset     dataset.safetensors" in result.stderr
    assert checkpoints.load(tmp_path / "b").vocabulary == song_dataset.vocabulary


@pytest.mark.parametrize(
    "options",
    [
        ("--cell", "rnn", "--sampling", "random", "--optimizer", "sgd", "--lr", "1", "--schedule", "constant"),
        ("--cell", "gru", "--gru-reset", "before", "--layers", "2", "--tie", "--dropout", "0.2", "--clip", "0"),
        ("--cell", "lstm", "--layers", "3", "--embedding", "5", "--patience", "1", "--seed", "9", "--threads", "1"),
    ],
)
def test_every_option_reaches_the_checkpoint(options: tuple[str, ...], cli: Cli, song: Path, tmp_path: Path) -> None:
    result = cli("train", "song.txt", *SMALL, "--epochs", "2", *options)
    assert result.returncode == 0, result.stderr
    saved = checkpoints.load(tmp_path / "checkpoints")
    values = {**vars(saved.model), **vars(saved.train)}
    named = dict(zip(options[::2], options[1::2])) if "--tie" not in options else {"--layers": "2", "--clip": "0"}
    for flag, value in named.items():
        if flag == "--threads":
            assert "threads     1" in result.stderr
        else:
            assert values[flag[2:].replace("-", "_")] == type(values[flag[2:].replace("-", "_")])(value)


def test_resume_goes_on_and_refuses_another_model_or_dataset(cli: Cli, song: Path, tmp_path: Path) -> None:
    assert "no checkpoint to resume" in cli("train", "song.txt", "--resume").stderr
    cli("train", "song.txt", *SMALL, "--epochs", "2")
    again = cli("train", "song.txt", *SMALL)
    assert again.returncode == 1
    assert "--resume" in again.stderr
    assert "--force" in again.stderr
    other = cli("train", "song.txt", "--resume", "--hidden", "9")
    assert (other.returncode, other.stderr.count("Error")) == (2, 1)
    assert "--hidden: 9 given, but this training began with 8" in other.stderr
    assert "another dataset" in cli("train", "--resume").stderr
    result = cli("train", "song.txt", "--resume", "--epochs", "4", "--hidden", "8")
    assert result.returncode == 0, result.stderr
    assert "after epoch 2 of 4" in result.stderr
    assert checkpoints.load(tmp_path / "checkpoints" / "last.safetensors").progress.epoch == 4
    again = cli("train", "song.txt", "--resume")
    assert (again.returncode, again.stdout) == (0, result.stdout)
    assert "finished    after epoch 4 already" in again.stderr
    forced = cli("train", "song.txt", *SMALL, "--epochs", "1", "--force")
    assert forced.returncode == 0
    assert len((tmp_path / "checkpoints" / "log.jsonl").read_text().splitlines()) == 1
    assert cli("train", "song.txt", "--force", "--resume").returncode == 2


def test_ctrl_c_says_how_to_go_on(song: Path, tmp_path: Path, cli: Cli) -> None:
    command = [sys.executable, "-m", "lyricgen", "train", "song.txt", *SMALL, "--epochs", "100000"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "checkpoints" / "last.safetensors").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert "--resume" in err.splitlines()[-1]
    assert "Traceback" not in err
    epochs = str(checkpoints.load(tmp_path / "checkpoints" / "last.safetensors").progress.epoch + 1)
    assert cli("train", "song.txt", "--resume", "--epochs", epochs).returncode == 0


def test_ctrl_c_in_the_first_epoch_promises_nothing(song: Path, tmp_path: Path) -> None:
    song.write_text(SONG * 500, "utf-8")
    command = [sys.executable, "-m", "lyricgen", "train", "song.txt", *SMALL]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, encoding="utf-8") as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "checkpoints" / "log.jsonl").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "nothing to resume" in err.splitlines()[-1]
    assert not (tmp_path / "checkpoints" / "last.safetensors").exists()


def test_a_small_text_trains_all_the_same(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "two.txt").write_text("山水", "utf-8")
    result = cli("train", "two.txt", "--hidden", "4", "--epochs", "2")
    assert result.returncode == 0, result.stderr
    assert cli("generate", "--prefix", "山", "--length", "3").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--hidden", "0"], 2, "--hidden"),
        (["--lr", "nan"], 2, "--lr"),
        (["--cell", "transformer"], 2, "--cell"),
        (["--epochs", "many"], 2, "--epochs"),
        (["missing.txt"], 1, "missing.txt: cannot be read"),
        (["song.safetensors"], 1, "no file of lyricgen's"),
        (["-o", "song.txt"], 1, "song.txt: is a file"),
        (["song.txt", "--optimizer", "sgd", "--lr", "1e38", "--clip", "0"], 1, "lower --lr"),
    ],
)
def test_faults_get_one_error_line(
    arguments: list[str], status: int, words: str, cli: Cli, song: Path, tmp_path: Path
) -> None:
    (tmp_path / "song.safetensors").write_bytes(b"rubbish")
    before = sorted(os.listdir(tmp_path))
    result = cli("train", *arguments)
    assert (result.returncode, result.stdout) == (status, "")
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert words in errors[0]
    assert "Traceback" not in result.stderr
    if "1e38" not in arguments:
        assert sorted(os.listdir(tmp_path)) == before
