from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lyricgen
from lyricgen import storage
from lyricgen.config import ModelConfig, TrainConfig
from lyricgen.errors import DivergenceError, FileError
from lyricgen.model import checkpoint as checkpoints
from lyricgen.model import counting, ngram
from lyricgen.model.checkpoint import BEST, KIND, MOMENTS, Checkpoint, Counted, Progress, Subtotal, TrainedOn, fresh
from lyricgen.model.parameters import initial_parameters
from lyricgen.text.dataset import Dataset
from lyricgen.text.parts import NAMES, Parts
from lyricgen.text.vocabulary import UNKNOWN


@pytest.mark.parametrize("model", [{"cell": "rnn"}, {"cell": "gru", "layers": 2}, {"cell": "lstm", "tie": True}])
def test_a_checkpoint_survives_the_disk(
    model: dict[str, Any], random_checkpoint: Callable[..., Checkpoint], tmp_path: Path
) -> None:
    progress = Progress(3, 70, 12.5, None, 2, 12.25)
    fresh = random_checkpoint(**model)
    count = sum(tensor.size for tensor in fresh.parameters.values())
    optimizer = {"mean": np.ones(count, "f4"), "variance": np.zeros(count, "f4")}
    saved = dataclasses.replace(fresh, progress=progress, optimizer=optimizer)
    saved.save(tmp_path / "a.safetensors")
    loaded = checkpoints.load(tmp_path / "a.safetensors")
    for name in ("model", "train", "vocabulary", "progress", "newlines", "dataset"):
        assert getattr(loaded, name) == getattr(saved, name)
    assert loaded.parameters.keys() == saved.parameters.keys()
    for name, tensor in saved.parameters.items():
        np.testing.assert_array_equal(loaded.parameters[name], tensor)
    np.testing.assert_array_equal(loaded.optimizer["mean"], saved.optimizer["mean"])


def test_what_it_was_trained_with_is_read_from_the_metadata_alone(
    random_checkpoint: Callable[..., Checkpoint], tmp_path: Path
) -> None:
    path, train = tmp_path / "a.safetensors", TrainConfig(clip=0.25)
    dataclasses.replace(random_checkpoint(), train=train).save(path)
    path.write_bytes(path.read_bytes()[:-4] + b"else")  # in the last tensor
    assert checkpoints.training_options(path) == train
    with pytest.raises(FileError, match="checksum"):
        checkpoints.load(path)
    storage.write(path, KIND, {"train": {"clip": "much"}}, {})
    with pytest.raises(FileError, match=r"a\.safetensors: .*damaged"):
        checkpoints.training_options(path)


def test_a_folder_means_its_best(random_checkpoint: Callable[..., Checkpoint], tmp_path: Path) -> None:
    with pytest.raises(FileError, match="lyricgen train"):
        checkpoints.load(tmp_path)
    random_checkpoint().save(tmp_path / BEST)
    assert checkpoints.load(tmp_path).model.hidden == 6


def test_damage_is_named(random_checkpoint: Callable[..., Checkpoint], tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    random_checkpoint().save(path)
    stored = storage.read(path, KIND)
    tensors, metadata = dict(stored.tensors), stored.metadata

    numbers = itertools.count()

    def damaged(tensors: dict[str, Any] = tensors, **changes: Any) -> Path:
        damaged = path.with_name(f"b{next(numbers)}.safetensors")
        storage.write(damaged, KIND, {**metadata, **changes}, tensors)
        return damaged

    bias = tensors["output.bias"]
    broken = [
        damaged(vocabulary="ba"),
        damaged(vocabulary="ab"),
        damaged(model={**metadata["model"], "cell": "transformer"}),
        damaged(model={**metadata["model"], "wings": 2}),
        damaged(progress=None),
        damaged({**tensors, "output.bias": bias[:-1]}),
        damaged({**tensors, "output.bias": bias.astype("f8")}),
        damaged({name: tensor for name, tensor in tensors.items() if name != "output.bias"}),
        damaged({**tensors, "extra": bias}),
    ]
    for each in broken:
        with pytest.raises(FileError, match=rf"{each.name}: .*damaged"):
            checkpoints.load(each)
    for index in (np.array([999], "u2"), np.array([1.0], "f4"), np.ones((2, 2), "u2")):
        for name in ("index", "text.train"):
            text = {"text.valid": index[:0], "text.test": index[:0]} if name == "text.train" else {}
            with pytest.raises(FileError, match="damaged"):
                checkpoints.load(damaged({**tensors, **text, name: index}))


def test_a_checkpoint_keeps_its_text(random_checkpoint: Callable[..., Checkpoint], tmp_path: Path) -> None:
    saved = random_checkpoint()
    stored = {"train": saved.vocabulary.encode("山上的雨"), "valid": np.array([2, len(saved.vocabulary)], "u1")}
    parts = Parts(saved.vocabulary, "龙", {**stored, "test": stored["train"][:0]})
    dataclasses.replace(saved, text=parts).save(tmp_path / "a.safetensors")
    saved.save(tmp_path / "b.safetensors")
    loaded = checkpoints.load(tmp_path / "a.safetensors").text
    assert loaded is not None
    assert [loaded.text(name) for name in NAMES] == ["山上的雨", saved.vocabulary.characters[1] + "龙", ""]
    assert loaded.ids("valid").tolist() == [2, UNKNOWN]
    assert checkpoints.load(tmp_path / "b.safetensors").text is None


def test_a_vocabulary_with_escape_sequences_is_refused(
    random_checkpoint: Callable[..., Checkpoint], tmp_path: Path
) -> None:
    """A model from a stranger must not be able to speak to a terminal."""
    path = tmp_path / "a.safetensors"
    saved = random_checkpoint()
    saved.save(path)
    stored = storage.read(path, KIND)
    vocabulary = "\x1b" + stored.metadata["vocabulary"][1:]
    storage.write(path, KIND, {**stored.metadata, "vocabulary": vocabulary}, saved.parameters)
    with pytest.raises(FileError, match="damaged checkpoint"):
        checkpoints.load(path)


def test_claims_of_other_shapes_are_refused_before_memory_is_taken(
    random_checkpoint: Callable[..., Checkpoint], tmp_path: Path
) -> None:
    path = tmp_path / "a.safetensors"
    saved = random_checkpoint()
    saved.save(path)
    metadata = storage.read(path, KIND).metadata
    for change in ({"hidden": 16384, "layers": 64}, {"cell": "ngram"}, {"embedding": 16384}):
        storage.write(path, KIND, {**metadata, "model": {**metadata["model"], **change}}, saved.parameters)
        with pytest.raises(FileError, match="damaged checkpoint"):
            checkpoints.load(path)
    for progress in ({}, {"epoch": 1}, {**metadata["progress"], "part": {"steps": 1, "wings": 2}}, [], None):
        storage.write(path, KIND, {**metadata, "progress": progress}, saved.parameters)
        with pytest.raises(FileError, match="damaged"):
            checkpoints.load(path)


HUGE = st.sampled_from([10**400, -(10**400), 2**63, -1, 1e308, "", "\x1b[31m", "\ud800", "山" * 300])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | HUGE
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=3), v, max_size=2))
SHAPES = st.lists(st.integers(0, 3), max_size=4).map(tuple)
DTYPES = st.sampled_from(["u1", "<u2", "<u4", "<i8", "<f4", "<f8"])


@pytest.fixture(scope="module")
def whole(
    random_checkpoint: Callable[..., Checkpoint], song_dataset: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, storage.Stored]:
    """A checkpoint with all that one can hold, and an n-gram model."""
    path = tmp_path_factory.mktemp("whole") / "a.safetensors"
    model = ModelConfig(cell="lstm", hidden=3)
    start = begun(song_dataset, model)
    count = sum(tensor.size for tensor in start.parameters.values())
    moments = dict.fromkeys(MOMENTS, np.zeros(count, "f4"))
    part = Subtotal(2, 9, 20.0, 1.0, 0.5)
    progress = Progress(1, 3, 5.0, 6.0, 1, 6.0, part)
    state = np.zeros((1, 2, 4, 3), "f4")
    found = {}
    for name, each in (
        ("network", dataclasses.replace(start, optimizer=moments, state=state, progress=progress)),
        ("ngram", counting.count(song_dataset, ModelConfig(cell="ngram", order=2), TrainConfig())[0]),
    ):
        each.save(path)
        found[name] = storage.read(path, KIND)
    return found


def begun(data: Dataset, model: ModelConfig) -> Checkpoint:
    parameters = initial_parameters(model, len(data.vocabulary), np.random.default_rng(1))
    return fresh(data, model, TrainConfig(), parameters)


def used(path: Path) -> None:
    """What a command does with a checkpoint: it works, or one error says that the file is wrong."""
    try:
        loaded = checkpoints.load(path)
    except FileError:
        return
    assert loaded.is_sound
    model = lyricgen.load(path)
    next(model.generate(seed=1, length=2))
    assert loaded.can_resume in (True, False)


@pytest.mark.parametrize("name", ["network", "ngram"])
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_stands_in_a_field_behind_a_right_checksum(
    name: str, data: st.DataObject, whole: dict[str, storage.Stored], tmp_path: Path
) -> None:
    metadata = json.loads(json.dumps(whole[name].metadata))
    places = [(metadata, key) for key in metadata if key not in ("kind", "format")]
    inner = [metadata["model"], metadata["train"], metadata["progress"], metadata["progress"]["part"] or {}]
    places += [(values, key) for values in inner for key in values]
    values, key = data.draw(st.sampled_from(places), label="field")
    if data.draw(st.booleans()):
        values[key] = data.draw(VALUES)
    else:
        del values[key]
    try:
        storage.write(tmp_path / "b.safetensors", KIND, metadata, whole[name].tensors)
    except UnicodeEncodeError:  # no file can hold half a character
        return
    used(tmp_path / "b.safetensors")


@pytest.mark.parametrize("name", ["network", "ngram"])
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_tensor_is_behind_a_right_checksum(
    name: str, data: st.DataObject, whole: dict[str, storage.Stored], tmp_path: Path
) -> None:
    tensors = dict(whole[name].tensors)
    changed = data.draw(st.sampled_from([*sorted(tensors), "extra", "optimizer.extra"]), label="tensor")
    kind = data.draw(st.sampled_from(["gone", "other", "values"]))
    if kind == "gone":
        tensors.pop(changed, None)
    elif kind == "values" and changed in tensors and tensors[changed].size:
        damaged = np.array(tensors[changed])
        wrong = st.sampled_from(
            [np.nan, np.inf, -np.inf, -1.0, 3e38, 1e15, -1e15] if damaged.dtype.kind == "f" else [0, 250, 255]
        )
        damaged.reshape(-1)[data.draw(st.integers(0, damaged.size - 1))] = data.draw(wrong)
        tensors[changed] = damaged
    else:
        tensors[changed] = np.ones(data.draw(SHAPES), data.draw(DTYPES))
    storage.write(tmp_path / "b.safetensors", KIND, whole[name].metadata, tensors)
    used(tmp_path / "b.safetensors")


def test_what_is_not_finite_is_neither_written_nor_read(
    random_checkpoint: Callable[..., Checkpoint], tmp_path: Path
) -> None:
    path, saved = tmp_path / "a.safetensors", random_checkpoint()
    saved.save(path)
    before = path.read_bytes()
    for value in (np.nan, np.inf, 3e38):
        bias = np.full_like(saved.parameters["output.bias"], value)
        wrong = dataclasses.replace(saved, parameters={**saved.parameters, "output.bias": bias})
        with pytest.raises(DivergenceError, match="not finite"):
            wrong.save(path)
        assert path.read_bytes() == before
        metadata = storage.read(path, KIND).metadata
        storage.write(tmp_path / "b.safetensors", KIND, metadata, wrong.parameters)
        with pytest.raises(FileError, match="not finite"):
            checkpoints.load(tmp_path / "b.safetensors")


def test_a_vocabulary_that_turns_what_stands_around_it_is_shown_as_unknown(
    random_checkpoint: Callable[..., Checkpoint], tmp_path: Path
) -> None:
    """Older versions let such characters in; their models are still read."""
    random_checkpoint("山\u202e\u200f水").save(tmp_path / "a.safetensors")
    loaded = checkpoints.load(tmp_path / "a.safetensors")
    assert loaded.vocabulary.id_to_char == "\ufffd\ufffd\ufffd山水"
    (song,) = lyricgen.load(tmp_path / "a.safetensors").generate(seed=1, length=50)
    assert set(song) <= set("\ufffd山水")


def test_n_grams_beside_a_network_are_stored_only_where_they_cannot_be_counted_again(
    random_checkpoint: Callable[..., Checkpoint], song_dataset: Dataset, tmp_path: Path
) -> None:
    saved = random_checkpoint(song_dataset.vocabulary.characters, order=3, ngram=True)
    tensors = ngram.estimate(song_dataset.train, 3, len(saved.vocabulary))
    own = dataclasses.replace(
        saved, text=song_dataset.parts, read=(TrainedOn("a", len(song_dataset.train)),), counted=Counted(0.25, tensors)
    )
    with_base = dataclasses.replace(own, read=(TrainedOn("b", 100), *own.read))
    without_text = dataclasses.replace(own, text=None)
    for number, (each, is_stored) in enumerate([(own, False), (with_base, True), (without_text, True)]):
        path = tmp_path / f"{number}.safetensors"
        each.save(path)
        assert ("ngram.3.first" in storage.read(path, "checkpoint").tensors) == is_stored
        loaded = checkpoints.load(path)
        assert loaded.shares.tolist() == [0.75, 0.25]
        expected = each.decoder().probabilities(song_dataset.valid)
        np.testing.assert_array_equal(loaded.decoder().probabilities(song_dataset.valid), expected)
        alone = each.main_model().probabilities(song_dataset.valid)
        counted = each.ngrams_beside()[0].probabilities(song_dataset.valid)
        np.testing.assert_allclose(expected, 0.75 * alone + 0.25 * counted, rtol=1e-4)


@pytest.mark.parametrize("damage", ["no text", "a share beyond one", "tensors", "bidirectional"])
def test_n_grams_beside_a_network_that_do_not_fit_are_refused(
    damage: str, random_checkpoint: Callable[..., Checkpoint], song_dataset: Dataset, tmp_path: Path
) -> None:
    saved = random_checkpoint(
        song_dataset.vocabulary.characters, order=3, ngram=True, bidirectional=damage == "bidirectional"
    )
    tensors = ngram.estimate(song_dataset.train, 3, len(saved.vocabulary))
    if damage == "tensors":
        tensors["ngram.2.first"] = tensors["ngram.2.first"][:-1]
    counted = Counted(1.5 if damage == "a share beyond one" else 0.5, None if damage == "no text" else tensors)
    dataclasses.replace(saved, counted=counted).save(tmp_path / "a.safetensors")
    with pytest.raises(FileError, match="damaged"):
        checkpoints.load(tmp_path / "a.safetensors")


def test_half_precision_is_for_the_disk(random_checkpoint: Callable[..., Checkpoint], tmp_path: Path) -> None:
    saved = random_checkpoint(hidden=64)
    saved.save(tmp_path / "whole.safetensors")
    saved.save(tmp_path / "half.safetensors", half=True)
    assert (tmp_path / "half.safetensors").stat().st_size < 0.6 * (tmp_path / "whole.safetensors").stat().st_size
    loaded = checkpoints.load(tmp_path / "half.safetensors")
    for name, tensor in saved.parameters.items():
        assert loaded.parameters[name].dtype == np.float32
        np.testing.assert_allclose(loaded.parameters[name], tensor, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(("value", "can_resume"), [(0.5, True), (0.0, False)])
def test_a_training_with_an_option_that_is_gone_can_only_be_used(
    value: float, can_resume: bool, random_checkpoint: Callable[..., Checkpoint], tmp_path: Path
) -> None:
    saved, path = dataclasses.replace(random_checkpoint(), train=TrainConfig(optimizer="sgd")), tmp_path / "a"
    saved.save(path)
    stored = storage.read(path, KIND)
    stored.metadata["train"]["unknown_rate"] = value
    stored.metadata["progress"]["valid_perplexity"] = 9.0
    metadata = {name: entry for name, entry in stored.metadata.items() if name not in ("format", "kind", "checksum")}
    storage.write(path, KIND, metadata, stored.tensors)
    loaded = checkpoints.load(path)
    assert loaded.train == saved.train
    assert loaded.can_resume == can_resume
