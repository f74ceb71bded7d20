"""Pictures: the plot, TensorBoard's files."""

from __future__ import annotations

import io
import json
import re
import shutil
from pathlib import Path

import pytest
from conftest import SONG, Cli

from lyricgen.cli.plot import _draw, _Run
from lyricgen.model import log


def test_plot_draws_runs(cli: Cli, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "checkpoints", tmp_path / "a 歌")
    for name in ("best", "last"):  # and the log is of an earlier version
        (tmp_path / "a 歌" / f"{name}.safetensors").unlink()
    older = tmp_path / "a 歌" / "log.jsonl"
    older.write_text(re.sub(', "clipped": [^}]*', "", older.read_text("utf-8")), "utf-8")
    for name, begin, title in (("a.png", b"\x89PNG", r"$\frac$"), ("b.svg", b"<?xml", "run")):
        result = cli("plot", "a 歌", str(trained / "checkpoints"), "-o", name, "--title", title, cwd=tmp_path)
        assert (result.returncode, result.stdout) == (0, f"{name}\n"), result.stderr
        assert (tmp_path / name).read_bytes().startswith(begin)
    drawn = (tmp_path / "b.svg").read_text("utf-8")
    texts = set(re.findall("<!-- (.*) -->", drawn))
    assert {"perplexity", "gradient norm", "(dashed: θ)", "steps clipped", "100%", "learning rate"} <= texts
    assert "mathdefault" not in drawn, "numbers are plain"


@pytest.mark.process  # fontconfig may be asked for fonts
def test_plot_of_a_counted_model_has_one_panel() -> None:
    line = log.record(epoch=1, train_perplexity=9.0, valid_perplexity=None, characters=8, seconds=2.0)
    file = io.BytesIO()
    _draw([_Run("counted", [line], "C0")], "", file, "svg")
    texts = set(re.findall("<!-- (.*) -->", file.getvalue().decode()))
    assert {"perplexity", "epoch", "1", "counted: training"} <= texts
    assert not texts & {"gradient norm", "learning rate", "counted: validation"}


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [(["nowhere"], 1, "nowhere"), (["-o", "a.txt"], 2, "-o"), (["-o", "taken.png"], 1, "--force")],
)
def test_plot_says_what_is_wrong(arguments: list[str], status: int, words: str, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "taken.png").touch()
    result = cli("plot", *arguments)
    assert (result.returncode, result.stdout) == (status, "")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_tensorboard_reads_what_was_written(cli: Cli, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    options = ("--hidden", "8", "--batch-size", "4", "--steps", "10", "--epochs", "3", "--tensorboard", "board")
    assert cli("train", "song.txt", *options).returncode == 0
    board = EventAccumulator(str(tmp_path / "board")).Reload()
    assert {"train_perplexity", "learning_rate"} <= set(board.Tags()["scalars"])
    lines = (tmp_path / "checkpoints" / "log.jsonl").read_text("utf-8").splitlines()
    scalars = board.Scalars("train_perplexity")
    assert [scalar.step for scalar in scalars] == [1, 2, 3] == list(range(1, len(lines) + 1))
    assert scalars[-1].value == pytest.approx(json.loads(lines[-1])["train_perplexity"], rel=1e-5)


def test_what_is_not_installed_is_named(cli: Cli, trained: Path, tmp_path: Path) -> None:
    for name in ("matplotlib", "tensorboardX"):
        (tmp_path / f"{name}.py").write_text("raise ImportError")
    environment = {"PYTHONPATH": str(tmp_path)}
    for arguments in (["plot", str(trained / "checkpoints")], ["train", "--tensorboard", "x"]):
        result = cli(*arguments, env=environment)
        assert (result.returncode, result.stdout) == (1, "")
        assert "is not installed: pip install" in result.stderr
        assert result.stderr.count("\n") == 1
