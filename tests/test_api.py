"""The library, and the README's snippets of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.command import SONG, Cli

import lyricgen
from lyricgen.errors import FileError, OptionError

pytestmark = [pytest.mark.process, pytest.mark.train]

README = Path(__file__).parents[1] / "README.md"
SMALL = {"hidden": 8, "batch_size": 4, "steps": 10, "epochs": 2}


@pytest.fixture
def song(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    return tmp_path


@pytest.fixture
def model(song: Path) -> Path:
    """A folder with a small model, trained by Python."""
    lyricgen.train("song.txt", "a", **SMALL)
    return song / "a"


def test_a_dataset_is_that_of_the_command_line(song: Path, cli: Cli) -> None:
    data = lyricgen.prepare("song.txt", output="ours.safetensors", valid_fraction=0.1)
    assert cli("prepare", "song.txt", "-o", "theirs.safetensors", "--valid-fraction", "0.1").returncode == 0
    assert (song / "ours.safetensors").read_bytes() == (song / "theirs.safetensors").read_bytes()
    configured = lyricgen.prepare("song.txt", config=lyricgen.PrepareConfig(valid_fraction=0.1))
    assert configured.fingerprint == data.fingerprint
    assert len(data) == len(data.train) + len(data.valid) + len(data.test)
    assert repr(data) == f"<Dataset song.txt: {len(data):,} characters, {len(data.valid):,} held out>"


def test_a_model_is_that_of_the_command_line(song: Path, cli: Cli) -> None:
    epochs: list[lyricgen.Epoch] = []
    model = lyricgen.train("song.txt", "a", lyricgen.ModelConfig(hidden=8), on_epoch=epochs.append, **SMALL)
    assert [epoch.record.epoch for epoch in epochs] == [1, 2]
    assert isinstance(model, lyricgen.Model)
    assert repr(model) == "<Model a: gru 1 × 8>"
    flags = [word for name, value in SMALL.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    assert cli("train", "song.txt", "-o", "b", *flags).returncode == 0
    other = lyricgen.load("b")
    assert other.checkpoint.train == model.checkpoint.train
    for name, tensor in model.checkpoint.parameters.items():
        np.testing.assert_array_equal(other.checkpoint.parameters[name], tensor)


def test_songs_are_those_of_the_command_line(model: Path, cli: Cli) -> None:
    ours = lyricgen.load(model)
    text = ours.write("山", seed=1, lines=2, form="3,3")
    shown = cli("generate", "-c", "a", "--prefix", "山", "--seed", "1", "--lines", "2", "--form", "3,3").stdout
    assert shown == f"{text}\n"
    assert ours.write("山", lyricgen.FormConfig(lines=2, form="3,3"), seed=1) == text
    assert next(ours.generate("山", seed=1, lines=2, form="3,3")) == text
    assert "山" + "".join(ours.stream("山", seed=1, lines=2, form="3,3")) == text
    assert "山" in ours.vocabulary


def test_figures_are_those_of_the_command_line(model: Path, cli: Cli) -> None:
    ours = lyricgen.load(model)
    evaluation = ours.evaluate("song.txt")
    figures = json.loads(cli("evaluate", "song.txt", "-c", "a", "--json").stdout)
    assert (evaluation.perplexity, evaluation.characters) == (figures["perplexity"], figures["characters"])
    assert ours.fill("山＿的雨")[0].text + "\n" == cli("fill", "山＿的雨", "-c", "a").stdout
    score = ours.score("山上")
    assert score is not None
    assert score.characters == 2
    measured = json.loads(cli("measure", "song.txt", "-c", "a", "--json").stdout)
    assert ours.measure("song.txt").songs == measured
    ours.export("ours.safetensors", format="torch")
    assert cli("export", "-c", "a", "--format", "torch", "-o", "theirs.safetensors").returncode == 0
    assert Path("ours.safetensors").read_bytes() == Path("theirs.safetensors").read_bytes()


def test_a_training_step_by_step(song: Path) -> None:
    steps: list[object] = []
    with lyricgen.training("song.txt", "a", lyricgen.TrainConfig(epochs=1), **{**SMALL, "epochs": 2}) as training:
        assert training.plan.train.epochs == 2, "keywords count for more"
        perplexities = [epoch.record.valid_perplexity for epoch in training.epochs(steps.append)]
        with pytest.raises(FileError, match="another training"):
            lyricgen.train("song.txt", "a", resume=True)
    assert len(perplexities) == 2
    assert len(steps) > 2
    more: list[lyricgen.Epoch] = []
    lyricgen.train("song.txt", "a", resume=True, epochs=3, on_epoch=more.append)
    assert [epoch.record.epoch for epoch in more] == [3]


def test_counting_is_a_training_of_one_epoch(song: Path) -> None:
    epochs: list[lyricgen.Epoch] = []
    model = lyricgen.train("song.txt", "counted", cell="ngram", order=3, on_epoch=epochs.append)
    assert model.checkpoint.model.order == 3
    assert [(epoch.record.epoch, epoch.is_best, epoch.is_last) for epoch in epochs] == [(1, True, True)]
    with lyricgen.training("song.txt", "again", cell="ngram") as training:
        assert not (song / "again" / "best.safetensors").exists()
        assert [epoch.record.epoch for epoch in training.epochs()] == [1]


def test_errors_are_lyricgen_s_and_wrong_keywords_are_python_s(model: Path) -> None:
    lyricgen.prepare("song.txt", output="a.safetensors")
    with pytest.raises(FileError, match="--force"):
        lyricgen.prepare("song.txt", output="a.safetensors")
    with pytest.raises(OptionError, match="hidden"):
        lyricgen.train("song.txt", "b", hidden=0)
    with pytest.raises(FileError, match="no checkpoint there"):
        lyricgen.load("nowhere")
    ours = lyricgen.load(model)
    for call in (
        lambda: lyricgen.train("song.txt", "b", hiden=3),  # type: ignore[call-arg]
        lambda: lyricgen.prepare("song.txt", hiden=3),  # type: ignore[call-arg]
        lambda: ours.write(hiden=3),  # type: ignore[call-arg]
        lambda: ours.fill("山＿", hiden=3),  # type: ignore[call-arg]
    ):
        with pytest.raises(TypeError, match="hiden"):
            call()
    for options in ({"length": -1}, {"lines": 0}):
        with pytest.raises(OptionError):
            ours.write(**options)  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="wings"):
        lyricgen.wings  # noqa: B018
    assert issubclass(lyricgen.OptionError, lyricgen.LyricgenError)
    assert not Path("b").exists()


def test_no_default_reads_or_writes_the_current_folder(model: Path) -> None:
    for call in (lyricgen.load, lyricgen.train, lambda: lyricgen.train("song.txt")):  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="missing"):
            call()
    before = sorted(model.parent.iterdir())
    lyricgen.prepare("song.txt")
    lyricgen.load(model).write(length=3)
    assert sorted(model.parent.iterdir()) == before


def test_the_readme_s_snippets_run(song: Path) -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    result = subprocess.run(
        [sys.executable, "-c", snippet], capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert result.returncode == 0, result.stderr
    assert "perplexity" in result.stdout


def run_pipeline() -> subprocess.CompletedProcess[str]:
    """The README's pipeline in the current folder, as a script runs it."""
    (pipeline,) = re.findall(r"<!-- pipeline -->\n```sh\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", pipeline],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PATH": path, "LYRICGEN_TRAIN_HIDDEN": "8", "LYRICGEN_TRAIN_EPOCHS": "1"},
    )


@pytest.mark.skipif(sys.platform == "win32", reason="bash and jq are not there")
def test_the_readme_s_pipeline_runs(song: Path) -> None:
    """Five real commands, as they stand there; in a folder that has lyrics."""
    if not shutil.which("jq"):
        pytest.skip("jq is not installed here")
    (song / "lyrics").mkdir()
    for number in range(3):
        (song / "lyrics" / f"{number}.txt").write_text(SONG, "utf-8")
    result = run_pipeline()
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("分开")


@pytest.mark.skipif(sys.platform == "win32", reason="bash and jq are not there")
def test_the_readme_s_pipeline_ends_where_a_source_cannot_be_read(song: Path) -> None:
    """It must not go on to train on the sample."""
    if not shutil.which("jq"):
        pytest.skip("jq is not installed here")
    (song / "lyrics").mkdir()
    (song / "lyrics" / "a.txt").write_bytes("山上的雨".encode() + b"\xff")
    result = run_pipeline()
    assert result.returncode != 0
    assert result.stdout == ""
    assert "byte 12 is not utf-8" in result.stderr
    assert sorted(path.name for path in song.iterdir()) == ["lyrics", "song.txt"]


def test_the_library_is_listed_and_its_import_changes_nothing() -> None:
    code = """
import os, sys, warnings
before = dict(os.environ), sys.path[:], warnings.filters[:]
import lyricgen
assert before == (dict(os.environ), sys.path[:], warnings.filters[:])
assert not {"numpy", "click", "mxnet"} & set(sys.modules)
print(*dir(lyricgen))
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OPENBLAS", "OMP"))}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True, encoding="utf-8"
    )
    assert set(lyricgen.__all__) <= set(result.stdout.split())
