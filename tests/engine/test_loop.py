from __future__ import annotations

import dataclasses
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.networks import MXNET_CELLS, needs_mxnet
from support.trainings import SMALL, begin, trainer

from lyricgen.config import ModelConfig, PrepareConfig, TrainConfig
from lyricgen.engine import loop
from lyricgen.engine.loop import Epoch, finished
from lyricgen.engine.training import Step
from lyricgen.errors import DivergenceError
from lyricgen.model import checkpoint as checkpoints
from lyricgen.model.checkpoint import BEST, LAST, LOG, Counted, Progress
from lyricgen.text import dataset
from lyricgen.text.dataset import Dataset

TIMES = {"seconds", "chars_per_second"}
FIELDS = {
    "epoch",
    "train_perplexity",
    "valid_perplexity",
    "chars_per_second",
    "seconds",
    "learning_rate",
    "gradient_norm",
    "clipped",
}


def train(
    data: Dataset, folder: Path, model: dict[str, Any] | None = None, engine: str | None = None, **options: Any
) -> list[Epoch]:
    start = begin(data, ModelConfig(**{"hidden": 6, **(model or {})}), TrainConfig(**{**SMALL, **options}))
    return list(trainer(start, data, folder, engine).epochs())


def resume(data: Dataset, folder: Path, engine: str | None = None, **changes: Any) -> list[Epoch]:
    start = checkpoints.load(folder / LAST)
    start = dataclasses.replace(start, train=dataclasses.replace(start.train, **changes))
    return list(trainer(start, data, folder, engine).epochs())


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
    start = begin(song_dataset, ModelConfig(hidden=6), TrainConfig(**SMALL, epochs=1, clip=0.5))
    steps: list[Step] = []
    (epoch,) = trainer(start, song_dataset, tmp_path).epochs(steps.append)
    nats = sum(step.loss_sum for step in steps) / sum(step.characters for step in steps)
    assert epoch.record.train_perplexity == pytest.approx(np.exp(nats))
    norms = [step.gradient_norm for step in steps]
    assert epoch.record.gradient_norm == pytest.approx(np.mean(norms))
    assert epoch.record.clipped == pytest.approx(np.mean(np.array(norms) > start.train.clip))
    assert 0 < epoch.record.clipped < 1


def test_best_is_the_lowest_validation_perplexity(song_dataset: Dataset, tmp_path: Path) -> None:
    train(song_dataset, tmp_path, {"hidden": 24}, epochs=25, lr=0.2, schedule="constant")
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


def test_n_grams_beside_a_network_have_the_share_that_suits_the_validation_part(
    song_dataset: Dataset, tmp_path: Path
) -> None:
    *_, last = train(song_dataset, tmp_path / "both", {"ngram": True, "order": 3}, epochs=2)
    *_, alone = train(song_dataset, tmp_path / "alone", epochs=2)
    (counted,), valid = last.checkpoint.ngrams_beside(), song_dataset.valid
    network = last.checkpoint.main_model().probabilities(valid)
    assert last.record.train_perplexity == alone.record.train_perplexity, "the same network"

    def perplexity(share: float) -> float:
        return float(np.exp(-np.log((1 - share) * network + share * counted.probabilities(valid)).mean()))

    assert last.checkpoint.counted
    share = last.checkpoint.counted.share
    assert last.record.valid_perplexity == pytest.approx(perplexity(share), rel=1e-4)
    assert perplexity(share) <= min(map(perplexity, np.linspace(0, 1, 21))) * 1.001
    stored = checkpoints.load(tmp_path / "both" / BEST)
    assert stored.counted == Counted(pytest.approx(share))
    np.testing.assert_allclose(stored.decoder().probabilities(valid), last.checkpoint.decoder().probabilities(valid))


def test_patience_stops_early(song_dataset: Dataset, tmp_path: Path) -> None:
    epochs = train(song_dataset, tmp_path, {"hidden": 24}, epochs=60, lr=0.05, schedule="constant", patience=2)
    last = epochs[-1].checkpoint.progress
    assert last.epoch - last.best_epoch == 2
    assert last.epoch < 60
    assert finished(last, epochs[-1].checkpoint.train)


def assert_same_run(whole: Path, other: Path) -> None:
    """The same tensors, the same progress and, times apart, the same log."""
    for name in (BEST, LAST):
        first, second = checkpoints.load(whole / name), checkpoints.load(other / name)
        assert first.progress == second.progress
        assert (first.counted and first.counted.share) == (second.counted and second.counted.share)
        for kind in ("parameters", "optimizer"):
            assert getattr(first, kind).keys() == getattr(second, kind).keys()
            for tensor, value in getattr(first, kind).items():
                np.testing.assert_array_equal(getattr(second, kind)[tensor], value)
    lines = [[{key: line[key] for key in FIELDS - TIMES} for line in log(folder)] for folder in (whole, other)]
    assert lines[0] == lines[1]


SAMPLINGS, OPTIMIZERS = ("random", "consecutive"), ("adam", "sgd")

RUNS = [
    (*cell, sampling, optimizer, False) for cell in MXNET_CELLS for sampling in SAMPLINGS for optimizer in OPTIMIZERS
]
BEFORE = [("numpy", "gru", "before", sampling, "adam", False) for sampling in SAMPLINGS]
MXNET_RUNS = [
    pytest.param("mxnet", *run, marks=needs_mxnet) for run in [*RUNS, ("lstm", "after", "consecutive", "adam", True)]
]
NUMPY_RUNS = [("numpy", *run) for run in [*RUNS, ("lstm", "after", "consecutive", "adam", True)]]


@pytest.mark.parametrize(
    ("engine", "cell", "reset", "sampling", "optimizer", "bidirectional"), [*MXNET_RUNS, *NUMPY_RUNS, *BEFORE]
)
def test_a_resumed_run_ends_as_one_that_was_never_interrupted(
    engine: str,
    cell: str,
    reset: str,
    sampling: str,
    optimizer: str,
    bidirectional: bool,
    song_dataset: Dataset,
    tmp_path: Path,
) -> None:
    """Stopped within the first epoch, within the third, and at the end of the third."""
    options = {"sampling": sampling, "optimizer": optimizer, "dropout": 0.2, "epochs": 4, "patience": 3}
    model = {"cell": cell, "gru_reset": reset, "layers": 2, "bidirectional": bidirectional}
    start = begin(song_dataset, ModelConfig(hidden=6, **model), TrainConfig(**{**SMALL, **options}))
    whole: list[Step] = []
    list(trainer(start, song_dataset, tmp_path / "whole", engine).epochs(whole.append))
    steps = len(whole) // 4
    for count in (2, 2 * steps + 1, steps - 3, None):
        seen: list[Step] = []
        stopped = partial(lambda seen, limit: len(seen) >= limit, seen, count or 10**9)
        list(trainer(start, song_dataset, tmp_path / "cut", engine).epochs(seen.append, stopped=stopped))
        start = checkpoints.load(tmp_path / "cut" / LAST)
        if count == 2:
            assert start.progress.epoch == 0
            assert start.progress.part is not None
            assert start.progress.part.steps == 2
            assert not (tmp_path / "cut" / BEST).exists()
            with (tmp_path / "cut" / LOG).open("a") as file:
                file.write('{"epoch": 1, "tor')  # a line that a crash cut short
    assert_same_run(tmp_path / "whole", tmp_path / "cut")


def assert_alike(first: Path, second: Path) -> None:
    """But for the rounding of sums that were added up in another order, and that Adam's small steps may enlarge."""
    one, other = (checkpoints.load(path / LAST) for path in (first, second))
    assert other.progress.step == one.progress.step
    assert other.progress.train_perplexity == pytest.approx(one.progress.train_perplexity, rel=1e-4)
    assert other.progress.valid_perplexity == pytest.approx(one.progress.valid_perplexity, rel=1e-4)
    for name, tensor in one.parameters.items():
        np.testing.assert_allclose(other.parameters[name], tensor, atol=1e-3, err_msg=name)


@needs_mxnet
@pytest.mark.parametrize(
    ("cell", "reset", "sampling", "optimizer", "bidirectional"), [*RUNS, ("gru", "after", "random", "adam", True)]
)
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_ten_epochs_of_both_engines_agree_and_one_goes_on_for_the_other(
    cell: str,
    reset: str,
    sampling: str,
    optimizer: str,
    bidirectional: bool,
    dropout: float,
    song_dataset: Dataset,
    tmp_path: Path,
) -> None:
    options = {"sampling": sampling, "optimizer": optimizer, "dropout": dropout, "epochs": 10}
    options.update(lr=0.003 if optimizer == "adam" else 0.5, batch_size=6)
    model = {"cell": cell, "gru_reset": reset, "layers": 2, "bidirectional": bidirectional}
    train(song_dataset, tmp_path / "mxnet", model, "mxnet", **options)
    train(song_dataset, tmp_path / "numpy", model, "numpy", **options)
    start = begin(song_dataset, ModelConfig(hidden=6, **model), TrainConfig(**{**SMALL, **options}))
    seen: list[Step] = []
    both = tmp_path / "both"
    list(trainer(start, song_dataset, both, "mxnet").epochs(seen.append, stopped=lambda: len(seen) >= 10))
    assert checkpoints.load(both / LAST).progress.part is not None
    resume(song_dataset, both, "numpy")
    for other in ("numpy", "both"):
        assert_alike(tmp_path / "mxnet", tmp_path / other)


def test_last_is_written_within_an_epoch(
    song_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SAVE_EVERY", 1e-9)
    start = begin(song_dataset, ModelConfig(hidden=6), TrainConfig(**SMALL, epochs=1))
    parts: list[Any] = []

    def look(_step: Step) -> None:
        if (tmp_path / LAST).exists():
            parts.append(checkpoints.load(tmp_path / LAST).progress.part)

    list(trainer(start, song_dataset, tmp_path).epochs(look))
    assert len(parts) > 1
    assert [part and part.steps for part in parts] == list(range(1, len(parts) + 1))
    assert checkpoints.load(tmp_path / LAST).progress.part is None
    assert checkpoints.load(tmp_path / LAST).state is None


def test_a_finished_run_can_be_given_more_epochs(song_dataset: Dataset, tmp_path: Path) -> None:
    train(song_dataset, tmp_path, epochs=1)
    assert resume(song_dataset, tmp_path) == []
    assert [epoch.record.epoch for epoch in resume(song_dataset, tmp_path, epochs=3)] == [2, 3]


def test_divergence_keeps_the_last_good_epoch(song_dataset: Dataset, tmp_path: Path) -> None:
    train(song_dataset, tmp_path, epochs=1)
    before = (tmp_path / LAST).read_bytes()
    start = checkpoints.load(tmp_path / LAST)
    wild = dataclasses.replace(start.train, lr=1e38, optimizer="sgd", clip=0.0, epochs=9)
    with pytest.raises(DivergenceError):
        list(trainer(dataclasses.replace(start, train=wild), song_dataset, tmp_path).epochs())
    assert (tmp_path / LAST).read_bytes() == before


def test_score_prefers_the_validation_perplexity() -> None:
    assert Progress(train_perplexity=3.0, valid_perplexity=5.0).score == 5.0
    assert Progress(train_perplexity=3.0).score == 3.0


def test_a_training_that_begins_with_a_base_is_resumed_exactly(song_dataset: Dataset, tmp_path: Path) -> None:
    base = train(song_dataset, tmp_path / "base", epochs=3)[-1].checkpoint
    new = dataset.split(["龙飞在山上\n我们的云\n" * 20], PrepareConfig(valid_fraction=0.2))
    data = new.in_vocabulary(base.vocabulary.union(new.vocabulary))
    config = TrainConfig(**SMALL, epochs=3, lr=0.01)
    start = begin(new, dataclasses.replace(base.model, ngram=True), config, base)
    assert [text.characters for text in start.read] == [len(song_dataset.train), len(new.train)]
    epochs = list(trainer(start, data, tmp_path / "whole").epochs())
    assert epochs[-1].record.train_perplexity < epochs[0].record.train_perplexity
    steps: list[Step] = []
    list(trainer(start, data, tmp_path / "cut").epochs(steps.append, stopped=lambda: len(steps) > 0))
    assert checkpoints.load(tmp_path / "cut" / LAST).progress.part is not None
    resume(data, tmp_path / "cut")
    assert_same_run(tmp_path / "whole", tmp_path / "cut")
    assert checkpoints.load(tmp_path / "cut").read == start.read
