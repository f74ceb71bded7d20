from __future__ import annotations

import dataclasses
import math

import pytest

from lyricgen.config import ModelConfig, PrepareConfig, SampleConfig, TrainConfig, flag, usual_options
from lyricgen.errors import FileError, OptionError
from lyricgen.schema import from_json


def test_defaults_are_valid_and_survive_json() -> None:
    for kind in (PrepareConfig, ModelConfig, TrainConfig, SampleConfig):
        assert from_json(kind, dataclasses.asdict(kind())) == kind()


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (ModelConfig, "cell", "transformer"),
        (ModelConfig, "hidden", 0),
        (ModelConfig, "hidden", 2.0),
        (ModelConfig, "hidden", True),
        (ModelConfig, "layers", 65),
        (ModelConfig, "tie", 1),
        (TrainConfig, "dropout", 1.0),
        (TrainConfig, "lr", 0.0),
        (TrainConfig, "lr", math.nan),
        (TrainConfig, "clip", -0.1),
        (TrainConfig, "clip", math.inf),
        (TrainConfig, "seed", -1),
        (TrainConfig, "batch_size", 0),
        (SampleConfig, "top_p", 0.0),
        (SampleConfig, "top_p", 1.1),
        (SampleConfig, "temperature", -1.0),
        (SampleConfig, "seed", "1"),
        (PrepareConfig, "newlines", "drop"),
        (PrepareConfig, "valid_fraction", 0.91),
    ],
)
def test_each_fault_is_named_by_its_flag(kind: type, field: str, value: object) -> None:
    with pytest.raises(OptionError, match=flag(field)):
        kind(**{field: value})


def test_splits_must_leave_a_training_part() -> None:
    with pytest.raises(OptionError, match="nothing to train on"):
        PrepareConfig(valid_fraction=0.5, test_fraction=0.5)


def test_a_config_from_a_file_is_checked_too() -> None:
    for values in ({"hidden": "big"}, {"wings": 2}):
        with pytest.raises(FileError, match="ModelConfig"):
            from_json(ModelConfig, values)


def test_the_usual_options_follow_the_size_of_the_text() -> None:
    sizes = [usual_options(count) for count in (10, 10_000, 60_000, 300_000, 2_000_000, 10_000_000)]
    assert [size["epochs"] for size in sizes] == [60, 39, 16, 7, 3, 1]
    assert [size["batch_size"] for size in sizes] == [16, 16, 16, 32, 32, 32]
    assert [size["lr"] for size in sizes] == [0.006] * 4 + [0.0042] * 2
    assert [(size.get("hidden"), size.get("embedding")) for size in sizes] == [(None, None)] * 4 + [(512, 256)] * 2
    assert usual_options(60_000, hidden=1024)["lr"] == 0.003
    assert usual_options(0)["epochs"] == 60


def test_the_more_was_read_before_the_less_is_to_learn() -> None:
    alone, tuned = usual_options(60_000), usual_options(60_000, 180_000)
    assert (tuned["lr"], tuned["epochs"]) == (alone["lr"] / 2, alone["epochs"] / 2)
    assert tuned["batch_size"] == 32
    assert usual_options(10, 10**9) == {"hidden": 512, "embedding": 256, "lr": 4.2e-07, "epochs": 1, "batch_size": 32}


def test_dropout_falls_with_the_text() -> None:
    def dropout(characters: int, *, held_out: bool = True) -> float | None:
        return TrainConfig().resolve_defaults(characters, held_out=held_out).dropout

    assert [dropout(count) for count in (10, 10_000, 100_000, 1_000_000, 10**9)] == [0.7, 0.7, 0.5, 0.22, 0.02]
    assert dropout(10_000, held_out=False) == 0
