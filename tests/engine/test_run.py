from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lyricgen.config import ModelConfig, PrepareConfig, TrainConfig
from lyricgen.engine import run
from lyricgen.engine.run import Epoch
from lyricgen.engine.training import Step
from lyricgen.errors import DivergenceError
from lyricgen.model import checkpoint as checkpoints
from lyricgen.model.checkpoint import BEST, LAST, LOG, Progress
from lyricgen.text import dataset
from lyricgen.text.dataset import Dataset

SMALL = {"batch_size": 3, "steps": 8}
FIELDS = {
    "epoch",
    "train_perplexity",
    "valid_perplexity",
    "chars_per_second",
    "seconds",
    "learning_rate",
    "gradient_norm",
}


def train(data: Dataset, folder: Path, model: dict[str, Any] | None = None, **options: Any) -> list[Epoch]:
    config = TrainConfig(**{**SMALL, **options})
    start = run.begin(data, ModelConfig(**{"hidden": 6, **(model or {})}), config)
    return [event for event in run.run(start, data, folder) if isinstance(event, Epoch)]


def resume(data: Dataset, folder: Path, **changes: Any) -> list[Epoch]:
    start = checkpoints.load(folder / LAST)
    start = dataclasses.replace(start, train=dataclasses.replace(start.train, **changes))
    return [event for event in run.run(start, data, folder) if isinstance(event, Epoch)]


def log(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / LOG).read_text("utf-8").splitlines()]


def test_a_run_leaves_best_last_and_a_log(song_dataset: Dataset, tmp_path: Path) -> None:
    epochs = train(song_dataset, tmp_path / "a", epochs=3)
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [BEST, LAST, LOG]
    assert [epoch.is_last for epoch in epochs] == [False, False, True]
    lines = log(tmp_path / "a")
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    assert all(line.keys() >= FIELDS for line in lines)
    last = checkpoints.load(tmp_path / "a" / LAST)
    assert last.progress.epoch == 3
    assert last.optimizer.keys() == {"mean", "variance"}
    assert not checkpoints.load(tmp_path / "a" / BEST).optimizer


def test_steps_add_up_to_the_epoch(song_dataset: Dataset, tmp_path: Path) -> None:
    start = run.begin(song_dataset, ModelConfig(hidden=6), TrainConfig(**SMALL, epochs=1))
    *steps, epoch = run.run(start, song_dataset, tmp_path)
    assert isinstance(epoch, Epoch)
    assert all(isinstance(step, Step) for step in steps)
    nats = sum(step.loss_sum for step in steps) / sum(step.characters for step in steps)  # type: ignore[union-attr]
    assert epoch.record["train_perplexity"] == pytest.approx(np.exp(nats))


def test_best_is_the_lowest_validation_perplexity(song_dataset: Dataset, tmp_path: Path) -> None:
    train(song_dataset, tmp_path, {"hidden": 24}, epochs=25, lr=0.05, schedule="constant")
    scores = [line["valid_perplexity"] for line in log(tmp_path)]
    progress = checkpoints.load(tmp_path / BEST).progress
    assert progress.best_score == min(scores)
    assert progress.epoch == progress.best_epoch == scores.index(min(scores)) + 1
    assert len(scores) > progress.best_epoch, "this run should have overfitted"


def test_without_a_validation_part_the_training_perplexity_decides(tmp_path: Path) -> None:
    data = dataset.split(["山上的雨 " * 40], PrepareConfig(valid_fraction=0.0))
    train(data, tmp_path, epochs=2)
    assert [line["valid_perplexity"] for line in log(tmp_path)] == [None, None]
    best = checkpoints.load(tmp_path / BEST).progress
    assert best.best_score == best.train_perplexity


def test_patience_stops_early(song_dataset: Dataset, tmp_path: Path) -> None:
    epochs = train(song_dataset, tmp_path, {"hidden": 24}, epochs=60, lr=0.05, schedule="constant", patience=2)
    last = epochs[-1].checkpoint.progress
    assert last.epoch - last.best_epoch == 2
    assert last.epoch < 60
    assert run.finished(last, epochs[-1].checkpoint.train)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize(("sampling", "optimizer"), [("random", "adam"), ("consecutive", "sgd")])
def test_a_resumed_run_ends_as_one_that_was_never_interrupted(
    cell: str, sampling: str, optimizer: str, song_dataset: Dataset, tmp_path: Path
) -> None:
    options = {"sampling": sampling, "optimizer": optimizer, "dropout": 0.2, "epochs": 4}
    model = {"cell": cell, "layers": 2}
    train(song_dataset, tmp_path / "whole", model, **options)
    config = TrainConfig(**{**SMALL, **options})
    events = run.run(run.begin(song_dataset, ModelConfig(hidden=6, **model), config), song_dataset, tmp_path / "cut")
    for event in events:
        if isinstance(event, Epoch) and event.record["epoch"] == 2:
            break
    next(events)  # a step of the third epoch, lost with the interruption
    events.close()
    with (tmp_path / "cut" / LOG).open("a") as file:
        file.write('{"epoch": 3, "tor')
    resume(song_dataset, tmp_path / "cut")
    for name in (BEST, LAST):
        whole, cut = checkpoints.load(tmp_path / "whole" / name), checkpoints.load(tmp_path / "cut" / name)
        assert whole.progress == cut.progress
        for kind in ("parameters", "optimizer"):
            for tensor, value in getattr(whole, kind).items():
                np.testing.assert_array_equal(getattr(cut, kind)[tensor], value)
    for first, second in zip(log(tmp_path / "whole"), log(tmp_path / "cut")):
        for key in FIELDS - {"seconds", "chars_per_second"}:
            assert first[key] == second[key]
    assert len(log(tmp_path / "cut")) == 4


def test_a_finished_run_can_be_given_more_epochs(song_dataset: Dataset, tmp_path: Path) -> None:
    train(song_dataset, tmp_path, epochs=1)
    assert resume(song_dataset, tmp_path) == []
    assert [epoch.record["epoch"] for epoch in resume(song_dataset, tmp_path, epochs=3)] == [2, 3]


def test_divergence_keeps_the_last_good_epoch(song_dataset: Dataset, tmp_path: Path) -> None:
    train(song_dataset, tmp_path, epochs=1)
    before = (tmp_path / LAST).read_bytes()
    start = checkpoints.load(tmp_path / LAST)
    wild = dataclasses.replace(start.train, lr=1e38, optimizer="sgd", clip=0.0, epochs=9)
    with pytest.raises(DivergenceError):
        list(run.run(dataclasses.replace(start, train=wild), song_dataset, tmp_path))
    assert (tmp_path / LAST).read_bytes() == before


def test_score_prefers_the_validation_perplexity() -> None:
    assert Progress(train_perplexity=3.0, valid_perplexity=5.0).score == 5.0
    assert Progress(train_perplexity=3.0).score == 3.0
