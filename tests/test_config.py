from __future__ import annotations

import ast
import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest

import lyricgen
from lyricgen.config import (
    FILLED,
    Base,
    EngineConfig,
    FormConfig,
    ModelConfig,
    Plan,
    PrepareConfig,
    SampleConfig,
    Size,
    TrainConfig,
    flag,
    given,
    resolve,
)
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


def usual(characters: int, *, held_out: bool = True, read: int = 0, **options: Any) -> Plan:
    """What a text of so many characters is trained with, beside a base of the usual kind that has read so many."""
    base = Base("base", ModelConfig(), TrainConfig(), read) if read else None
    return resolve(options, Size(characters, held_out), base)


def test_defaults_follow_the_size_of_the_text() -> None:
    plans = [usual(count) for count in (10, 10_000, 60_000, 300_000, 2_000_000, 10_000_000)]
    assert [plan.train.epochs for plan in plans] == [60, 39, 16, 7, 3, 1]
    assert [plan.train.batch_size for plan in plans] == [16, 16, 16, 32, 32, 32]
    assert [plan.train.lr for plan in plans] == [0.006] * 4 + [0.0042] * 2
    assert [(plan.model.hidden, plan.model.embedding) for plan in plans] == [(256, 0)] * 4 + [(512, 256)] * 2
    assert [plan.model.ngram for plan in plans] == [True] * 5 + [False]
    assert usual(60_000, hidden=1024).train.lr == 0.003
    assert usual(0).train.epochs == 60


def test_the_more_was_read_before_the_less_is_to_learn() -> None:
    alone, tuned = usual(60_000).train, usual(60_000, read=180_000).train
    assert (tuned.lr, tuned.epochs) == (alone.lr / 2, alone.epochs / 2)
    assert tuned.batch_size == 32
    most = usual(10, read=10**9)
    assert (most.model.hidden, most.train.lr, most.train.epochs) == (256, 6e-07, 1)


def test_dropout_falls_with_the_text() -> None:
    sizes = (10, 10_000, 100_000, 1_000_000, 10**9)
    assert [usual(count).train.dropout for count in sizes] == [0.7, 0.7, 0.5, 0.22, 0.02]


def test_without_a_held_out_part_the_text_is_memorised() -> None:
    plan = usual(10_000, held_out=False)
    assert (plan.train.dropout, plan.model.ngram) == (0.0, False)
    assert usual(10_000, held_out=False, order=3).model.ngram


PLANS = [
    (characters, held_out, read)
    for characters in (10, 60_000, 2_000_000, 4_000_000)
    for held_out in (True, False)
    for read in (0, 300_000)
]


@pytest.mark.parametrize(("characters", "held_out", "read"), PLANS)
def test_naming_a_default_changes_nothing(characters: int, held_out: bool, read: int) -> None:
    plan = usual(characters, held_out=held_out, read=read)
    values = {name: value for part in plan for name, value in dataclasses.asdict(part).items()}
    for name, value in values.items():
        if not (name == "order" and not plan.model.ngram):  # naming an order asks for n-grams
            assert usual(characters, held_out=held_out, read=read, **{name: value}) == plan, name


def test_a_base_hands_on_the_dropout_that_its_weights_are_used_to() -> None:
    base = Base("base", ModelConfig(cell="lstm", hidden=64), TrainConfig(dropout=0.45), 100)
    size = Size(60_000, held_out=True)
    assert resolve({}, size, base).train.dropout == 0.45
    assert resolve({"dropout": 0.1}, size, base).train.dropout == 0.1
    assert resolve({}, Size(60_000, held_out=False), base).train.dropout == 0
    assert (resolve({}, size, base).model.cell, resolve({}, size, base).model.hidden) == ("lstm", 64)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"hidden": 65}, "--hidden: 65 given, but the base has 64"),
        ({"cell": "gru"}, "--cell"),
        ({"bidirectional": True, "ngram": True}, "--ngram"),
        ({"engine": "numpy", "device": "gpu"}, "--device gpu: needs MXNet"),
    ],
    ids=str,
)
def test_contradictions_are_named(options: dict[str, Any], named: str) -> None:
    base = Base("base", ModelConfig(cell="lstm", hidden=64, bidirectional="bidirectional" in options), TrainConfig(), 9)
    with pytest.raises(OptionError, match=named):
        resolve(options, Size(60_000, held_out=True), base)


def test_an_n_gram_model_has_no_network_beside_it() -> None:
    network = Base("base", ModelConfig(cell="lstm"), TrainConfig(), 9)
    assert not resolve({"cell": "ngram"}, Size(9_000, held_out=True), network).model.ngram
    counted = Base("base", ModelConfig(cell="ngram"), TrainConfig(), 9)
    with pytest.raises(OptionError, match="--cell ngram"):
        resolve({}, Size(9_000, held_out=True), counted)


@pytest.mark.parametrize(
    ("options", "has_mxnet", "engine"),
    [
        ({}, True, "mxnet"),
        ({}, False, "numpy"),
        ({"gru_reset": "before"}, True, "numpy"),
        ({"engine": "numpy"}, True, "numpy"),
        ({"engine": "mxnet"}, False, "mxnet"),  # and one line says that it is not installed
        ({"device": "gpu:1"}, True, "mxnet"),
    ],
    ids=str,
)
def test_the_engine(options: dict[str, Any], has_mxnet: bool, engine: str) -> None:
    assert resolve(options, Size(9_000, held_out=True), has_mxnet=has_mxnet).engine.engine == engine


def test_what_is_given_is_remembered() -> None:
    config = TrainConfig(epochs=16, lr=0.1)
    assert config.given == {"epochs": 16, "lr": 0.1}
    assert given([ModelConfig("lstm"), config], {"lr": 0.2}, ModelConfig, TrainConfig) == {
        "cell": "lstm",
        "epochs": 16,
        "lr": 0.2,
    }
    with pytest.raises(TypeError, match="hiden"):
        given([], {"hiden": 3}, ModelConfig)
    with pytest.raises(TypeError, match="SampleConfig"):
        given([SampleConfig()], {}, ModelConfig, TrainConfig)


KEYWORDS: dict[str, tuple[Any, ...]] = {
    "PrepareKeywords": (PrepareConfig,),
    "TrainKeywords": (ModelConfig, TrainConfig, EngineConfig),
    "SongKeywords": (SampleConfig, FormConfig),
    "FillKeywords": (SampleConfig, FormConfig),
}


@pytest.mark.parametrize("kind", KEYWORDS)
def test_keywords_are_the_fields(kind: str) -> None:
    fields = {field.name: field.type for config in KEYWORDS[kind] for field in dataclasses.fields(config)}
    if kind == "FillKeywords":
        fields = {name: fields[name] for name in fields if name in FILLED}
    classes = ast.parse((Path(lyricgen.__file__).parent / "keywords.pyi").read_text("utf-8")).body
    nodes = {node.name: node for node in classes if isinstance(node, ast.ClassDef)}
    bases = [nodes[name] for name in map(ast.unparse, nodes[kind].bases) if name in nodes]
    lines = [line for node in [*bases, nodes[kind]] for line in node.body if isinstance(line, ast.AnnAssign)]
    typed = {ast.unparse(line.target): ast.unparse(line.annotation) for line in lines}
    assert len(typed) == len(lines)
    assert typed == fields
