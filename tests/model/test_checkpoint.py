from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest

from lyricgen import storage
from lyricgen.errors import FileError
from lyricgen.model import checkpoint as checkpoints
from lyricgen.model.checkpoint import BEST, KIND, Checkpoint, Progress
from lyricgen.text.parts import NAMES, Parts
from lyricgen.text.vocabulary import UNKNOWN


@pytest.mark.parametrize("model", [{"cell": "rnn"}, {"cell": "gru", "layers": 2}, {"cell": "lstm", "tie": True}])
def test_a_checkpoint_survives_the_disk(
    model: dict[str, Any], random_checkpoint: Callable[..., Checkpoint], tmp_path: Path
) -> None:
    progress = Progress(3, 70, 12.5, None, 2, 12.25)
    saved = dataclasses.replace(random_checkpoint(**model), progress=progress, optimizer={"mean": np.ones(4, "f4")})
    saved.save(tmp_path / "a.safetensors")
    loaded = checkpoints.load(tmp_path / "a.safetensors")
    for name in ("model", "train", "vocabulary", "progress", "newlines", "dataset"):
        assert getattr(loaded, name) == getattr(saved, name)
    assert loaded.parameters.keys() == saved.parameters.keys()
    for name, tensor in saved.parameters.items():
        np.testing.assert_array_equal(loaded.parameters[name], tensor)
    np.testing.assert_array_equal(loaded.optimizer["mean"], saved.optimizer["mean"])


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


def test_format_3_kept_the_training_text_as_its_index(
    random_checkpoint: Callable[..., Checkpoint], tmp_path: Path
) -> None:
    path, saved = tmp_path / "a.safetensors", random_checkpoint()
    saved.save(path)
    metadata = storage.read(path, KIND).metadata
    metadata["train"]["index"] = metadata["train"].pop("keep_text")
    storage.write(path, KIND, metadata, {**saved.parameters, "index": saved.vocabulary.encode("山上")})
    loaded = checkpoints.load(path)
    assert loaded.text is not None
    assert (loaded.text.text("train"), loaded.text.held_out) == ("山上", "")
    assert loaded.train.keep_text


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
        with pytest.raises(FileError, match="damaged checkpoint"):
            checkpoints.load(path)
