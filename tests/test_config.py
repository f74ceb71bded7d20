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


def test_the_more_was_read_before_the_less_is_to_learn() -> None:
    usual = TrainConfig()
    assert usual_options(50_000, 0) == {"lr": usual.lr, "epochs": usual.epochs}
    assert usual_options(50_000, 150_000) == {"lr": 0.004, "epochs": 8}
    assert usual_options(10, 10**9) == {"lr": 8e-07, "epochs": 2}
